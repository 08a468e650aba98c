{{/* Variables of every container. Takes `root` and `metrics`: whether this one serves metrics. */}}
{{- define "coupons.environment" -}}
{{- $values := .root.Values -}}
- name: DATABASE_URL{{ if $values.database.several }}S{{ end }}
  valueFrom:
    secretKeyRef:
      name: {{ $values.database.secret.name | quote }}
      key: {{ $values.database.secret.key | quote }}
- name: PORT
  value: {{ include "coupons.containerPort" .root | quote }}
{{- if .metrics }}
- name: METRICS_PORT
  value: {{ $values.metrics.port | int64 | quote }}
{{- end }}
{{- with $values.traces.endpoint }}
- name: OTEL_EXPORTER_OTLP_ENDPOINT
  value: {{ . | quote }}
{{- end }}
{{- range $name, $value := merge dict $values.settings $values.environment }}
- name: {{ $name }}
  value: {{ include "coupons.text" $value | quote }}
{{- end }}
{{- end -}}

{{/* Rules of NetworkPolicies. Each takes `to` or `from` (peers, or none for any) and `port`. */}}

{{- define "coupons.egress" -}}
- ports:
    - port: {{ .port }}
      protocol: TCP
  {{- with .to }}
  to: {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}

{{- define "coupons.ingress" -}}
- ports:
    - port: {{ .port }}
      protocol: TCP
  {{- with .from }}
  from: {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}

{{/* What every pod may call: names and PostgreSQL; and the collector of traces. */}}
{{- define "coupons.commonEgress" -}}
- ports:
    - port: 53
      protocol: UDP
    - port: 53
      protocol: TCP
{{ include "coupons.egress" (dict "to" .Values.networkPolicy.database "port" .Values.networkPolicy.databasePort) }}
{{- with .Values.traces.endpoint }}
{{ include "coupons.egress" (dict "to" $.Values.networkPolicy.collector "port" (include "coupons.portOf" .)) }}
{{- end }}
{{- end -}}

{{/* Without names of their own, scrapers are all pods of the cluster: an empty selector matches no address outside. */}}
{{- define "coupons.metricsIngress" -}}
{{- $scrapers := default (list (dict "namespaceSelector" dict)) .Values.networkPolicy.scrapers -}}
{{ include "coupons.ingress" (dict "from" $scrapers "port" .Values.metrics.port) }}
{{- end -}}

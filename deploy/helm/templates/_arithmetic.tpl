{{/* Figures that follow from values. */}}

{{- define "coupons.containerPort" -}}3000{{- end -}}

{{/* Of a URL: its port, or that of its scheme. */}}
{{- define "coupons.portOf" -}}
{{- $url := urlParse . -}}
{{- $port := regexFind ":[0-9]+$" $url.host | trimPrefix ":" -}}
{{- default (ternary "443" "80" (eq $url.scheme "https")) $port -}}
{{- end -}}

{{/* A whole number in digits: Helm writes 1000000 as 1e+06. */}}
{{- define "coupons.text" -}}
{{- if kindIs "float64" . }}{{ int64 . }}{{ else }}{{ . }}{{ end -}}
{{- end -}}

{{/*
Seconds from SIGTERM to SIGKILL: the delay, the requests in flight, and 15 s in which workers end, connections close and
claims learn their outcome. A pod that is killed earlier loses answers.
*/}}
{{- define "coupons.graceSeconds" -}}
{{- with .Values.settings -}}
{{- add (ceil (divf (add (int64 .SHUTDOWN_DELAY_MS) (int64 .SHUTDOWN_TIMEOUT_MS)) 1000)) 15 -}}
{{- end -}}
{{- end -}}

{{/* Seconds in which a balancer notices that a pod is not ready, and 5 s for its endpoint to leave every node. */}}
{{- define "coupons.noticeSeconds" -}}
{{- with .Values.probes -}}
{{- add (mul (int64 .readinessPeriodSeconds) (int64 .readinessFailureThreshold)) 5 -}}
{{- end -}}
{{- end -}}

{{/*
Connections at the worst moment. Kubernetes starts a new pod as soon as an old one begins to stop, so a rollout may run
all of them twice. The relay counts like a service, the job as two.
*/}}
{{- define "coupons.connections" -}}
{{- $pods := .Values.autoscaling.enabled | ternary .Values.autoscaling.maxReplicas .Values.replicas | int64 -}}
{{- $each := int64 .Values.settings.DATABASE_CONNECTIONS_MAX -}}
{{- $relays := .Values.relay.enabled | ternary .Values.relay.replicas 0 | int64 -}}
{{- add (mul 2 $pods (int64 .Values.settings.WEB_CONCURRENCY) $each) (mul 2 $relays $each) (eq .Values.migrations.mode "job" | ternary 2 0) -}}
{{- end -}}

{{/* A delivery under way may take RELAY_TIMEOUT_MS, which is 10 s unless set. Then connections close. */}}
{{- define "coupons.relayGraceSeconds" -}}
{{- add (ceil (divf (int64 (default 10000 .Values.settings.RELAY_TIMEOUT_MS)) 1000)) 10 -}}
{{- end -}}

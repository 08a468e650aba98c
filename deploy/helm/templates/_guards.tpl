{{/* What a schema cannot say. Each sentence names the value. */}}
{{- define "coupons.guards" -}}
{{- $notice := include "coupons.noticeSeconds" . | int64 -}}
{{- if lt (int64 .Values.settings.SHUTDOWN_DELAY_MS) (mul $notice 1000) -}}
{{- fail (printf "settings.SHUTDOWN_DELAY_MS must be at least %d: balancers take so long to notice that a pod stops (probes.readiness…)" (mul $notice 1000)) -}}
{{- end -}}

{{- $needed := include "coupons.connections" . | int64 -}}
{{- /* PostgreSQL keeps 3 for superusers. */ -}}
{{- $room := sub (int64 .Values.database.maxConnections) 3 -}}
{{- if and (gt (int64 .Values.database.maxConnections) 0) (gt $needed $room) -}}
{{- fail (printf "a rollout may open %d connections, and database.maxConnections leaves %d: lower replicas or settings.DATABASE_CONNECTIONS_MAX" $needed $room) -}}
{{- end -}}

{{- $isPublic := or .Values.ingress.enabled (ne .Values.service.type "ClusterIP") -}}
{{- $hasAdminKeys := and .Values.apiKeys.secret .Values.apiKeys.admin -}}
{{- if and $isPublic (not $hasAdminKeys) (not .Values.apiKeys.open) -}}
{{- fail "everyone could create coupons: set apiKeys.secret and apiKeys.admin, or set apiKeys.open to true" -}}
{{- end -}}

{{- if and .Values.autoscaling.enabled (gt (int64 .Values.autoscaling.minReplicas) (int64 .Values.autoscaling.maxReplicas)) -}}
{{- fail "autoscaling.minReplicas must not be more than autoscaling.maxReplicas" -}}
{{- end -}}
{{- if and .Values.ingress.enabled (not .Values.ingress.host) -}}
{{- fail "ingress.host is required" -}}
{{- end -}}
{{- if .Values.relay.enabled -}}
{{- if not (and .Values.relay.url .Values.relay.secret.name) -}}
{{- fail "relay.url and relay.secret.name are required" -}}
{{- end -}}
{{- if eq (toString .Values.settings.DATABASE_POOLER) "true" -}}
{{- fail "the relay holds a lock of its session: it cannot run with settings.DATABASE_POOLER" -}}
{{- end -}}
{{- end -}}
{{- if and .Values.metrics.serviceMonitor.enabled (not .Values.metrics.enabled) -}}
{{- fail "metrics.serviceMonitor needs metrics.enabled" -}}
{{- end -}}
{{- end -}}

{{/* The arguments, which are flags of External Secrets' controller. */}}
{{- define "external-secrets.args" -}}
{{- if and .Values.processClusterPushSecret (not .Values.processPushSecret) -}}
{{- fail "processClusterPushSecret needs processPushSecret: turn both off, or both on" -}}
{{- end -}}
- --metrics-addr=:{{ .Values.metrics.listen.port | int }}
- --live-addr={{ .Values.livenessProbe.spec.address }}:{{ include "external-secrets.livePort" . }}
- --loglevel={{ .Values.log.level }}
- --zap-time-encoding={{ .Values.log.timeEncoding }}
- --concurrent={{ .Values.concurrent | int }}
{{- with include "external-secrets.namespaces" . | fromJsonArray }}
- --namespace={{ join "," . }}
{{- end }}
{{- if not (include "external-secrets.processes" (dict "context" . "value" "processClusterStore")) }}
- --enable-cluster-store-reconciler=false
{{- end }}
{{- if not (include "external-secrets.processes" (dict "context" . "value" "processClusterExternalSecret")) }}
- --enable-cluster-external-secret-reconciler=false
{{- end }}
{{- if not (include "external-secrets.processes" (dict "context" . "value" "processClusterPushSecret")) }}
- --enable-cluster-push-secret-reconciler=false
{{- end }}
{{- if not .Values.processPushSecret }}
- --enable-push-secret-reconciler=false
{{- end }}
{{- if not .Values.processSecretStore }}
- --enable-secret-store-reconciler=false
{{- end }}
{{- with .Values.controllerClass }}
- --controller-class={{ . }}
{{- end }}
{{- with .Values.storeRequeueInterval }}
- --store-requeue-interval={{ . }}
{{- end }}
{{- if .Values.extendedMetricLabels }}
- --enable-extended-metric-labels=true
{{- end }}
{{- if .Values.enableHTTP2 }}
- --enable-http2=true
{{- end }}
{{- if .Values.genericTargets.enabled }}
- --unsafe-allow-generic-targets=true
{{- end }}
{{- if .Values.vault.enableTokenCache }}
- --enable-vault-token-cache=true
{{- end }}
{{- if .Values.leaderElect }}
- --enable-leader-election=true
{{- end }}
{{- with .Values.sealkit.refreshListener }}
{{- if .enabled }}
- --refresh-listener-addr=:{{ .port | int }}
- --refresh-listener-cert=/etc/sealkit/refresh/tls.crt
- --refresh-listener-key=/etc/sealkit/refresh/tls.key
{{- end }}
{{- end }}
{{- if .Values.sealkit.takeover }}
- --takeover=true
{{- end }}
{{- range $name, $value := .Values.extraArgs }}
- {{ ternary (printf "--%s" $name) (printf "--%s=%s" $name (include "external-secrets.number" $value)) (eq (toString $value) "") | quote }}
{{- end }}
{{- end -}}

{{/* The Secret with the certificate of the refresh listener; empty = there is none. */}}
{{- define "external-secrets.refreshSecret" -}}
{{- with .Values.sealkit.refreshListener -}}
{{- if and .enabled (not .tlsSecret) -}}
{{- fail "sealkit.refreshListener.tlsSecret is missing: the listener serves TLS only" -}}
{{- end -}}
{{- if .enabled -}}{{ .tlsSecret }}{{- end -}}
{{- end -}}
{{- end -}}

{{- define "external-secrets.livePort" -}}
{{- $spec := .Values.livenessProbe.spec -}}
{{- ternary $spec.port $spec.httpGet.port (kindIs "string" $spec.httpGet.port) | int -}}
{{- end -}}

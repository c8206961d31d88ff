{{/* `--flag=value` for each value that is given; upstream's controller takes the same. */}}
{{- define "sealed-secrets.args" -}}
{{- $values := dict
  "--key-renew-period" .Values.keyrenewperiod
  "--key-ttl" .Values.keyttl
  "--key-cutoff-time" .Values.keycutofftime
  "--key-size" .Values.sealkit.keySize
  "--key-order-priority" .Values.sealkit.keyOrderPriority
  "--my-cn" .Values.sealkit.commonName
  "--label-selector" .Values.sealkit.labelSelector
  "--workers" .Values.sealkit.workers
  "--rate-limit" .Values.rateLimit
  "--rate-limit-burst" .Values.rateLimitBurst
  "--additional-namespaces" (join "," .Values.additionalNamespaces)
  "--privatekey-annotations" (include "sealed-secrets.pairs" (dict "of" "privateKeyAnnotations" "map" .Values.privateKeyAnnotations))
  "--privatekey-labels" (include "sealed-secrets.pairs" (dict "of" "privateKeyLabels" "map" .Values.privateKeyLabels))
  "--log-level" .Values.logLevel
  "--log-format" .Values.logFormat
  "--max-unseal-retries" .Values.maxRetries
  "--kubeclient-qps" .Values.kubeClientQPS
  "--kubeclient-burst" .Values.kubeClientBurst
-}}
- --key-prefix={{ .Values.secretName }}
- --update-status={{ .Values.updateStatus }}
- --log-info-stdout={{ .Values.logInfoStdout }}
- --listen-addr=:{{ .Values.containerPorts.http | default 8080 | int }}
- --listen-metrics-addr=:{{ .Values.containerPorts.metrics | default 8081 | int }}
{{- range $flag := keys $values | sortAlpha }}
{{- $value := get $values $flag }}
{{- if not (has (toString $value) (list "" "<nil>")) }}
- {{ printf "%s=%s" $flag (include "sealed-secrets.number" $value) | quote }}
{{- end }}
{{- end }}
{{- if .Values.skipRecreate }}
- --skip-recreate
{{- end }}
{{- if include "sealed-secrets.watchesKeys" . }}
- --watch-for-secrets
{{- end }}
{{- if not .Values.sealkit.allNamespaces }}
- --all-namespaces=false
{{- end }}
{{- if .Values.sealkit.leaderElection }}
- --leader-elect
{{- end }}
{{- if .Values.sealkit.takeover }}
- --takeover
{{- end }}
{{- end -}}

{{/* A replica that does not lead makes no keys, and must see those that the leader makes. */}}
{{- define "sealed-secrets.watchesKeys" -}}
{{- if or .Values.watchForSecrets (gt (int .Values.sealkit.replicas) 1) -}}true{{- end -}}
{{- end -}}

{{/* Helm reads whole numbers of values files as floating point: 1e+06 is no number for a flag. */}}
{{- define "sealed-secrets.number" -}}
{{- if and (kindIs "float64" .) (eq (floor .) .) -}}{{ int64 . }}{{- else -}}{{ . }}{{- end -}}
{{- end -}}

{{- define "sealed-secrets.pairs" -}}
{{- $pairs := list -}}
{{- range $key, $value := .map -}}
{{- if not (and $value (kindIs "string" $value)) -}}
{{- fail (printf "%s.%s must be a text that is not empty" $.of $key) -}}
{{- end -}}
{{- if contains "," $value -}}
{{- fail (printf "%s.%s must not hold a comma" $.of $key) -}}
{{- end -}}
{{- $pairs = append $pairs (printf "%s=%s" $key $value) -}}
{{- end -}}
{{- join "," $pairs -}}
{{- end -}}

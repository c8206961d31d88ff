{{- define "sops-secrets.args" -}}
- --controllers=sops-secrets
- --metrics-addr=:{{ .Values.containerPorts.metrics | int }}
- --health-addr=:{{ .Values.containerPorts.health | int }}
- --sops-mac={{ .Values.mac }}
- --log-level={{ .Values.logLevel }}
- --log-format={{ .Values.logFormat }}
{{- with .Values.namespaces }}
- --namespaces={{ join "," . }}
{{- end }}
{{- if .Values.keyRules }}
- --sops-keys=/etc/sops-keys/rules.yaml
{{- end }}
{{- if .Values.enforceOwnership }}
- --default-enforce-ownership
{{- end }}
{{- with .Values.workers }}
- --workers={{ int . }}
{{- end }}
{{- if .Values.leaderElection }}
- --leader-elect
{{- end }}
{{- if .Values.takeover }}
- --takeover
{{- end }}
{{- end -}}

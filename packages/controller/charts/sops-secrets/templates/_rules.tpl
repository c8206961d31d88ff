{{/* What turning SopsSecrets into Secrets needs, in a namespace or everywhere. */}}
{{- define "sops-secrets.rules" -}}
- apiGroups: [isindir.github.com]
  resources: [sopssecrets]
  verbs: [get, list, watch]
# finalizers: owner references that block deletion, where the cluster checks who may set them.
- apiGroups: [isindir.github.com]
  resources: [sopssecrets/status, sopssecrets/finalizers]
  verbs: [update]
- apiGroups: [""]
  resources: [secrets]
  verbs: [get, list, watch, create, update, delete]
- apiGroups: [""]
  resources: [events]
  verbs: [create, patch]
{{- end -}}

{{/* Key Secrets of namespaces that are not looked at, by namespace: { NAMESPACE: [NAME] }. */}}
{{- define "sops-secrets.keySecrets" -}}
{{- $found := dict -}}
{{- if .Values.namespaces -}}
{{- range .Values.keyRules -}}
{{- range .secrets -}}
{{- if and .namespace (not (has .namespace $.Values.namespaces)) -}}
{{- $_ := set $found .namespace (append (get $found .namespace | default list) .name | uniq) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- toJson $found -}}
{{- end -}}

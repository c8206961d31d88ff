{{- define "external-secrets.generators" -}}
[fakes, mfas, passwords, sshkeys, uuids, vaultdynamicsecrets, webhooks]
{{- end -}}

{{/* What turning ExternalSecrets into Secrets needs, in a namespace or everywhere. */}}
{{- define "external-secrets.rules" -}}
{{- $clusterStores := include "external-secrets.processes" (dict "context" . "value" "processClusterStore") -}}
{{- $clusterExternalSecrets := include "external-secrets.processes" (dict "context" . "value" "processClusterExternalSecret") -}}
{{- $kinds := list "externalsecrets" "secretstores" -}}
{{- $finalized := list "externalsecrets" -}}
{{- if $clusterStores }}{{ $kinds = append $kinds "clustersecretstores" }}{{ end -}}
{{- if .Values.processPushSecret }}{{ $kinds = append $kinds "pushsecrets" }}{{ $finalized = append $finalized "pushsecrets" }}{{ end -}}
{{- if $clusterExternalSecrets }}{{ $kinds = append $kinds "clusterexternalsecrets" }}{{ $finalized = append $finalized "clusterexternalsecrets" }}{{ end -}}
- apiGroups: [external-secrets.io]
  resources: {{ $kinds | toJson }}
  verbs: [get, list, watch]
- apiGroups: [external-secrets.io]
  resources: [{{ range $index, $kind := $kinds }}{{ if $index }}, {{ end }}{{ $kind }}/status{{ end }}]
  verbs: [update]
# Their finalizers, and nothing else of them.
- apiGroups: [external-secrets.io]
  resources: {{ $finalized | toJson }}
  verbs: [patch]
{{- if .Values.openshiftFinalizers }}
# Owners of what they make, where the API server checks who may block a deletion.
- apiGroups: [external-secrets.io]
  resources: [externalsecrets/finalizers{{ if $clusterExternalSecrets }}, clusterexternalsecrets/finalizers{{ end }}]
  verbs: [update]
{{- end }}
{{- if $clusterExternalSecrets }}
- apiGroups: [external-secrets.io]
  resources: [externalsecrets]
  verbs: [create, update, delete]
# To choose among them, and to take away the finalizers that upstream's controller left there.
- apiGroups: [""]
  resources: [namespaces]
  verbs: [list, watch, patch]
{{- end }}
- apiGroups: [generators.external-secrets.io]
  resources: {{ include "external-secrets.generators" . }}
  verbs: [get]
{{- if include "external-secrets.processes" (dict "context" . "value" "processClusterGenerator") }}
- apiGroups: [generators.external-secrets.io]
  resources: [clustergenerators]
  verbs: [get]
{{- end }}
- apiGroups: [""]
  resources: [secrets]
  verbs: [get, list, watch, create, update, patch, delete]
- apiGroups: [""]
  resources: [configmaps, serviceaccounts]
  verbs: [get]
{{- if not (include "external-secrets.roleNamespaces" . | fromJsonArray) }}
- apiGroups: [""]
  resources: [namespaces]
  verbs: [get]
{{- end }}
{{- if .Values.rbac.serviceAccountTokenCreate }}
- apiGroups: [""]
  resources: [serviceaccounts/token]
  verbs: [create]
{{- end }}
- apiGroups: [""]
  resources: [events]
  verbs: [create, patch]
{{- if .Values.genericTargets.enabled }}
- apiGroups: [""]
  resources: [configmaps]
  verbs: [create, update, delete, patch]
{{- range .Values.genericTargets.resources }}
- apiGroups: [{{ .apiGroup | quote }}]
  resources: {{ .resources | toJson }}
  verbs: {{ .verbs | toJson }}
{{- end }}
{{- end }}
{{- end -}}

{{/* Kinds that people see and change, with their verbs: for aggregated roles. */}}
{{- define "external-secrets.peopleRules" -}}
- apiGroups: [external-secrets.io]
  resources:
    - externalsecrets
    - secretstores
    {{- if .context.Values.processClusterStore }}
    - clustersecretstores
    {{- end }}
    {{- if .context.Values.processPushSecret }}
    - pushsecrets
    {{- end }}
    {{- if .context.Values.processClusterPushSecret }}
    - clusterpushsecrets
    {{- end }}
  verbs: {{ .verbs | toJson }}
- apiGroups: [generators.external-secrets.io]
  resources:
    {{- range list "acraccesstokens" "cloudsmithaccesstokens" "ecrauthorizationtokens" "fakes" "gcraccesstokens" "generatorstates" "githubaccesstokens" "grafanas" "mfas" "passwords" "quayaccesstokens" "sshkeys" "uuids" "vaultdynamicsecrets" "webhooks" }}
    - {{ . }}
    {{- end }}
    {{- if .context.Values.processClusterGenerator }}
    - clustergenerators
    {{- end }}
  verbs: {{ .verbs | toJson }}
{{- end -}}

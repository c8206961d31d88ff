{{- define "sealed-secrets.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* The release's name where it already says sealed-secrets, else both: as upstream's chart names its objects. */}}
{{- define "sealed-secrets.fullname" -}}
{{- $name := .Values.nameOverride | default .Chart.Name -}}
{{- $full := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) -}}
{{- .Values.fullnameOverride | default $full | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "sealed-secrets.namespace" -}}
{{- .Values.namespace | default .Release.Namespace -}}
{{- end -}}

{{- define "sealed-secrets.serviceAccountName" -}}
{{- $own := ternary (include "sealed-secrets.fullname" .) "default" .Values.serviceAccount.create -}}
{{- .Values.serviceAccount.name | default $own -}}
{{- end -}}

{{- define "sealed-secrets.ownLabels" -}}
app.kubernetes.io/name: {{ include "sealed-secrets.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{/* By which pods are found. */}}
{{- define "sealed-secrets.matchLabels" -}}
{{- with .Values.sealkit.selectorLabels }}{{ toYaml . }}{{ else }}{{ include "sealed-secrets.ownLabels" . }}{{ end -}}
{{- end -}}

{{- define "sealed-secrets.labels" -}}
{{ include "sealed-secrets.ownLabels" . }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: sealed-secrets
{{- end -}}

{{/* A value that may hold template actions, as text. */}}
{{- define "sealed-secrets.render" -}}
{{- tpl (ternary .value (.value | toYaml) (kindIs "string" .value)) .context -}}
{{- end -}}

{{/*
metadata of an object: context, name, namespace, and lists of maps of more labels and annotations.
A later map wins, commonLabels and commonAnnotations last; they may hold template actions.
*/}}
{{- define "sealed-secrets.metadata" -}}
{{- $context := .context -}}
{{- $labels := include "sealed-secrets.labels" $context | fromYaml -}}
{{- range append (.labels | default list) $context.Values.commonLabels -}}
{{- $labels = mergeOverwrite $labels (include "sealed-secrets.render" (dict "value" . "context" $context) | fromYaml) -}}
{{- end -}}
{{- $annotations := dict -}}
{{- range append (.annotations | default list) $context.Values.commonAnnotations -}}
{{- $annotations = mergeOverwrite $annotations (include "sealed-secrets.render" (dict "value" . "context" $context) | fromYaml) -}}
{{- end -}}
name: {{ .name }}
{{- with .namespace }}
namespace: {{ . }}
{{- end }}
labels:
  {{- toYaml $labels | nindent 2 }}
{{- with $annotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* The namespaces that get a Role: the controller's own, in which it always looks, and the additional ones. */}}
{{- define "sealed-secrets.roleNamespaces" -}}
{{- if and .Values.rbac.create .Values.rbac.namespacedRoles (not .Values.rbac.clusterRole) -}}
{{- prepend .Values.additionalNamespaces (include "sealed-secrets.namespace" .) | uniq | toJson -}}
{{- else -}}
[]
{{- end -}}
{{- end -}}

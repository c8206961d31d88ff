{{- define "sops-secrets.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* The release's name where it already says sops-secrets, else both. */}}
{{- define "sops-secrets.fullname" -}}
{{- $name := .Values.nameOverride | default .Chart.Name -}}
{{- $full := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) -}}
{{- .Values.fullnameOverride | default $full | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "sops-secrets.serviceAccountName" -}}
{{- $own := ternary (include "sops-secrets.fullname" .) "default" .Values.serviceAccount.create -}}
{{- .Values.serviceAccount.name | default $own -}}
{{- end -}}

{{/* By which pods are found. */}}
{{- define "sops-secrets.matchLabels" -}}
app.kubernetes.io/name: {{ include "sops-secrets.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{/* By part-of the controller tells its own pods from those of sops-secrets-operator. */}}
{{- define "sops-secrets.labels" -}}
{{ include "sops-secrets.matchLabels" . }}
app.kubernetes.io/part-of: sealkit
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- end -}}

{{/* metadata of an object: context, name, namespace, and maps of more labels and annotations. */}}
{{- define "sops-secrets.metadata" -}}
{{- $context := .context -}}
{{- $own := include "sops-secrets.labels" $context | fromYaml -}}
name: {{ .name }}
{{- with .namespace }}
namespace: {{ . }}
{{- end }}
labels:
  {{- mergeOverwrite (dict) (.labels | default dict) $context.Values.commonLabels $own | toYaml | nindent 2 }}
{{- with mergeOverwrite (dict) (.annotations | default dict) $context.Values.commonAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

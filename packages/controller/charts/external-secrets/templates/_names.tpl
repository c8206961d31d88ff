{{- define "external-secrets.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* The release's name where it already says external-secrets, else both: as upstream's chart names its objects. */}}
{{- define "external-secrets.fullname" -}}
{{- $name := .Values.nameOverride | default .Chart.Name -}}
{{- $full := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) -}}
{{- .Values.fullnameOverride | default $full | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "external-secrets.namespace" -}}
{{- .Values.namespaceOverride | default .Release.Namespace -}}
{{- end -}}

{{- define "external-secrets.serviceAccountName" -}}
{{- $own := ternary (include "external-secrets.fullname" .) "default" .Values.serviceAccount.create -}}
{{- .Values.serviceAccount.name | default $own -}}
{{- end -}}

{{- define "external-secrets.selectorLabels" -}}
app.kubernetes.io/name: {{ include "external-secrets.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "external-secrets.labels" -}}
{{- $labels := include "external-secrets.selectorLabels" . | fromYaml -}}
{{- $_ := set $labels "helm.sh/chart" (printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-") -}}
{{- $_ := set $labels "app.kubernetes.io/version" .Chart.AppVersion -}}
{{- $_ := set $labels "app.kubernetes.io/managed-by" .Release.Service -}}
{{- mergeOverwrite $labels .Values.commonLabels | toYaml -}}
{{- end -}}

{{/* metadata of an object: context, name, namespace, and maps of more labels and annotations. */}}
{{- define "external-secrets.metadata" -}}
name: {{ .name }}
{{- with .namespace }}
namespace: {{ . }}
{{- end }}
labels:
  {{- mergeOverwrite (include "external-secrets.labels" .context | fromYaml) (.labels | default dict) | toYaml | nindent 2 }}
{{- with .annotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "external-secrets.image" -}}
{{- $image := .Values.image -}}
{{- $prefix := ternary "" (printf "%s/" .Values.global.imageRegistry) (empty .Values.global.imageRegistry) -}}
{{- printf "%s:%s" (.Values.global.repository | default (printf "%s%s" $prefix $image.repository)) ($image.tag | default .Chart.AppVersion) -}}
{{- end -}}

{{/* The namespaces that the controller looks at, as JSON; empty = all. */}}
{{- define "external-secrets.namespaces" -}}
{{- if .Values.watchNamespaces -}}
{{- .Values.watchNamespaces | uniq | toJson -}}
{{- else if .Values.scopedNamespace -}}
{{- list .Values.scopedNamespace | toJson -}}
{{- else if .Values.scopedRBAC -}}
{{- list (include "external-secrets.namespace" .) | toJson -}}
{{- else -}}
[]
{{- end -}}
{{- end -}}

{{/* Where rights are granted: Roles in these namespaces, as JSON; empty = a cluster role. */}}
{{- define "external-secrets.roleNamespaces" -}}
{{- if or .Values.scopedRBAC .Values.watchNamespaces -}}
{{- include "external-secrets.namespaces" . -}}
{{- else -}}
[]
{{- end -}}
{{- end -}}

{{/* Whether a cluster-wide kind is taken care of: context, and the value that says so. */}}
{{- define "external-secrets.processes" -}}
{{- $scoped := include "external-secrets.namespaces" .context | fromJsonArray -}}
{{- if and (index .context.Values .value) (not $scoped) -}}true{{- end -}}
{{- end -}}

{{- define "external-secrets.securityContext" -}}
{{- $mode := dig "compatibility" "openshift" "adaptSecurityContext" "auto" .context.Values.global -}}
{{- $openshift := .context.Capabilities.APIVersions.Has "security.openshift.io/v1" -}}
{{- $adapt := or (eq $mode "force") (and (eq $mode "auto") $openshift) -}}
{{- $kept := omit .securityContext "enabled" -}}
{{- ternary (omit $kept "fsGroup" "runAsUser" "runAsGroup") $kept $adapt | toYaml -}}
{{- end -}}

{{/* "true" where a ServiceMonitor is wanted and can be. */}}
{{- define "external-secrets.monitors" -}}
{{- $there := .Capabilities.APIVersions.Has "monitoring.coreos.com/v1/ServiceMonitor" -}}
{{- $mode := .Values.serviceMonitor.renderMode -}}
{{- if and .Values.serviceMonitor.enabled (eq $mode "failIfMissing") (not $there) -}}
{{- fail "serviceMonitor.renderMode is failIfMissing, and this cluster has no monitoring.coreos.com/v1 ServiceMonitor" -}}
{{- end -}}
{{- if and .Values.serviceMonitor.enabled (or $there (eq $mode "alwaysRender")) -}}true{{- end -}}
{{- end -}}

{{- define "external-secrets.number" -}}
{{- if and (kindIs "float64" .) (eq (floor .) .) -}}{{ int64 . }}{{- else -}}{{ . }}{{- end -}}
{{- end -}}

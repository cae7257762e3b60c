{{/* Names, labels and checks that the templates share. */}}

{{- define "hotspan.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "hotspan.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" }}
{{- else if contains (include "hotspan.name" .) .Release.Name }}
{{- .Release.Name | trunc 52 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "hotspan.name" .) | trunc 52 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "hotspan.selector" -}}
app.kubernetes.io/name: {{ include "hotspan.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "hotspan.labels" -}}
{{ include "hotspan.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "hotspan.image" -}}
{{- with .Values.image }}
{{- if .digest }}{{ .repository }}@{{ .digest }}{{ else }}{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end }}
{{- end }}

{{/* "HTTPS" where the API speaks TLS. */}}
{{- define "hotspan.scheme" -}}
{{- if .Values.tls.existingSecret }}HTTPS{{ else }}HTTP{{ end }}
{{- end }}

{{- define "hotspan.secure" -}}
{{- if and (not .Values.allowInsecure) (not (and .Values.tls.existingSecret .Values.tokens.existingSecret)) }}
{{- fail "allowInsecure = false needs tls.existingSecret and tokens.existingSecret: the daemon refuses to listen beyond loopback without both" }}
{{- end }}
{{- end }}

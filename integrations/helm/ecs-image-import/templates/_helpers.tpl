{{- define "ecs.name" -}}
{{- printf "%s" .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- end }}

{{- define "ecs.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ default .Chart.AppVersion .Values.image.tag | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- /* Of one component: a dict with root and component. */ -}}
{{- define "ecs.selector" -}}
app.kubernetes.io/name: {{ .root.Chart.Name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- define "ecs.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ default .Chart.AppVersion .Values.image.tag }}
{{- end -}}
{{- end }}

{{- define "ecs.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{ default (include "ecs.name" .) .Values.serviceAccount.name }}
{{- else -}}
{{ default "default" .Values.serviceAccount.name }}
{{- end -}}
{{- end }}

{{- /* A dict with root and user. */ -}}
{{- define "ecs.databaseUrl" -}}
{{- with .root.Values.database -}}
postgres://{{ $.user }}@{{ .host }}:{{ .port }}/{{ .name }}?sslmode={{ .sslmode }}{{ if .caSecret.name }}&sslrootcert=/etc/ecs-image-import/database/{{ .caSecret.key }}{{ end }}
{{- end -}}
{{- end }}

{{- define "ecs.pod" -}}
serviceAccountName: {{ include "ecs.serviceAccount" . }}
automountServiceAccountToken: false
terminationGracePeriodSeconds: {{ .Values.terminationGracePeriodSeconds }}
{{- with .Values.image.pullSecrets }}
imagePullSecrets: {{ toYaml . | nindent 2 }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 1000
  runAsGroup: 1000
  fsGroup: 1000
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: { type: RuntimeDefault }
{{- end }}

{{- define "ecs.container" -}}
image: {{ include "ecs.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: { drop: [ALL] }
{{- with .Values.envFrom }}
envFrom: {{ toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- /* Variables of workers and APIs. */ -}}
{{- define "ecs.env" -}}
- { name: DATABASE_URL, value: {{ include "ecs.databaseUrl" (dict "root" . "user" .Values.database.user) | quote }} }
- { name: DATABASE_PASSWORD_FILE, value: /etc/ecs-image-import/database/{{ .Values.database.passwordSecret.key }} }
- { name: TEMPORAL_ADDRESS, value: {{ .Values.temporal.address | quote }} }
- { name: TEMPORAL_NAMESPACE, value: {{ .Values.temporal.namespace | quote }} }
- { name: TEMPORAL_TLS, value: {{ .Values.temporal.tls.enabled | quote }} }
{{- if and .Values.temporal.tls.enabled .Values.temporal.tls.clientSecret }}
- { name: TEMPORAL_TLS_SERVER_CA_CERT_PATH, value: /etc/ecs-image-import/temporal/ca.crt }
- { name: TEMPORAL_TLS_CLIENT_CERT_PATH, value: /etc/ecs-image-import/temporal/tls.crt }
- { name: TEMPORAL_TLS_CLIENT_KEY_PATH, value: /etc/ecs-image-import/temporal/tls.key }
{{- end }}
{{- with .Values.temporal.tls.serverName }}
- { name: TEMPORAL_TLS_SERVER_NAME, value: {{ . | quote }} }
{{- end }}
{{- with .Values.temporal.apiKeySecret }}
{{- if .name }}
- name: TEMPORAL_API_KEY
  valueFrom: { secretKeyRef: { name: {{ .name }}, key: {{ .key }} } }
{{- end }}
{{- end }}
{{- with .Values.payloadKeys.secret }}
{{- if .name }}
- { name: ECS_IMPORT_PAYLOAD_KEYS_FILE, value: /etc/ecs-image-import/payload-keys/{{ .key }} }
{{- end }}
{{- end }}
{{- if .Values.cloud.credentialsSecret.name }}
{{- range list "ALIBABA_CLOUD_ACCESS_KEY_ID" "ALIBABA_CLOUD_ACCESS_KEY_SECRET" }}
- name: {{ . }}
  valueFrom: { secretKeyRef: { name: {{ $.Values.cloud.credentialsSecret.name }}, key: {{ . }} } }
{{- end }}
{{- end }}
{{- end }}

{{- /* Further variables: a dict of names and values. */ -}}
{{- define "ecs.moreEnv" -}}
{{- range $name, $value := . }}
- { name: {{ $name }}, value: {{ $value | toString | quote }} }
{{- end }}
{{- end }}

{{- define "ecs.mounts" -}}
- { name: tmp, mountPath: /tmp }
- { name: database, mountPath: /etc/ecs-image-import/database, readOnly: true }
{{- if and .Values.temporal.tls.enabled .Values.temporal.tls.clientSecret }}
- { name: temporal, mountPath: /etc/ecs-image-import/temporal, readOnly: true }
{{- end }}
{{- if .Values.payloadKeys.secret.name }}
- { name: payload-keys, mountPath: /etc/ecs-image-import/payload-keys, readOnly: true }
{{- end }}
{{- end }}

{{- define "ecs.volumes" -}}
- { name: tmp, emptyDir: { sizeLimit: 1Gi } }
{{ include "ecs.databaseVolume" (dict "root" . "password" .Values.database.passwordSecret) }}
{{- if and .Values.temporal.tls.enabled .Values.temporal.tls.clientSecret }}
- { name: temporal, secret: { secretName: {{ .Values.temporal.tls.clientSecret }}, defaultMode: 288 } }
{{- end }}
{{- with .Values.payloadKeys.secret }}
{{- if .name }}
- { name: payload-keys, secret: { secretName: {{ .name }}, defaultMode: 288, items: [{ key: {{ .key }}, path: {{ .key }} }] } }
{{- end }}
{{- end }}
{{- end }}

{{- /* Password and certificate authority of the database: a dict with root and password. */ -}}
{{- define "ecs.databaseVolume" -}}
- name: database
  projected:
    defaultMode: 288
    sources:
      - secret: { name: {{ .password.name }}, items: [{ key: {{ .password.key }}, path: {{ .password.key }} }] }
      {{- with .root.Values.database.caSecret }}
      {{- if .name }}
      - secret: { name: {{ .name }}, items: [{ key: {{ .key }}, path: {{ .key }} }] }
      {{- end }}
      {{- end }}
{{- end }}

{{- define "ecs.probes" -}}
startupProbe:
  httpGet: { path: /readyz, port: health }
  periodSeconds: 5
  failureThreshold: 36
readinessProbe:
  httpGet: { path: /readyz, port: health }
  periodSeconds: 5
  failureThreshold: 2
livenessProbe:
  httpGet: { path: /livez, port: health }
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
{{- end }}

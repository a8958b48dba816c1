/** Whether traces are on, by the standard variables of OpenTelemetry. Loads nothing of it. */
type Environment = Readonly<Record<string, string | undefined>>;

export function tracesAreOn(env: Environment): boolean {
  if (env.OTEL_SDK_DISABLED?.toLowerCase() === 'true' || env.OTEL_TRACES_EXPORTER === 'none') return false;
  return Boolean(env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT || env.OTEL_EXPORTER_OTLP_ENDPOINT);
}

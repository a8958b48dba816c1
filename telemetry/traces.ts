/**
 * Traces of OpenTelemetry, sent by OTLP over HTTP. The standard variables choose the target, the headers, the sampler and the name of the
 * service. Loaded only if traces are on.
 */
import { type Context, context, propagation, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { logContext } from './log-context.js';

export interface Traces {
  /** Sends what is left. */
  stop(): Promise<void>;
}

/** @param service the name of the service, unless OTEL_SERVICE_NAME is set */
export function startTraces(service: string, version: string): Traces {
  const own = resourceFromAttributes({ 'service.name': service, 'service.version': version });
  const provider = new NodeTracerProvider({
    resource: own.merge(detectResources({ detectors: [envDetector] })),
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
  });
  // With the W3C propagators.
  provider.register();
  return { stop: () => provider.shutdown().catch(() => undefined) };
}

const tracer = () => trace.getTracer('ecs-image-import');

/** What is known of the import whose activity runs now. */
export function importAttributes(): Readonly<Record<string, string | number>> {
  const { importId, phase, attempt } = logContext();
  return {
    ...(importId === undefined ? {} : { 'ecs_image_import.import_id': importId }),
    ...(phase === undefined ? {} : { 'ecs_image_import.phase': phase }),
    ...(attempt === undefined ? {} : { 'ecs_image_import.attempt': attempt }),
  };
}

/** Gives the current span these attributes. @returns the ID of its trace; null: there is none */
export function describeActiveSpan(attributes: Readonly<Record<string, string | number>>): string | null {
  const span = trace.getActiveSpan();
  span?.setAttributes({ ...attributes });
  return span?.spanContext().traceId ?? null;
}

export interface CloudSpan {
  readonly service: string;
  readonly action: string;
  readonly region: string | null;
  readonly bucket: string | null;
  requestId?: string;
}

/** A span of one call to the cloud. It has no URL: a signed one is a secret. Returns the function that ends it. */
export function startCloudSpan(call: CloudSpan): (end: { outcome: string; code: string | null }) => void {
  const { service, action, region, bucket } = call;
  const span = tracer().startSpan(`${service}.${action}`, {
    kind: SpanKind.CLIENT,
    attributes: {
      ...{ 'rpc.system': 'alibaba-cloud', 'rpc.service': service, 'rpc.method': action },
      ...(region === null ? {} : { 'cloud.region': region }),
      ...(bucket === null ? {} : { 'ecs_image_import.bucket': bucket }),
      ...importAttributes(),
    },
  });
  return ({ outcome, code }) => {
    if (call.requestId !== undefined) span.setAttribute('ecs_image_import.cloud_request_id', call.requestId);
    span.setAttribute('ecs_image_import.outcome', outcome);
    if (outcome !== 'ok') span.setStatus({ code: SpanStatusCode.ERROR, message: code ?? outcome });
    if (code !== null) span.setAttribute('error.type', code);
    span.end();
  };
}

export interface ServerSpan {
  readonly traceId: string;
  /** The span as the header `traceresponse` has it. */
  readonly header: string;
  end(route: string, status: number): void;
}

/** A span of a request, in the trace that its header `traceparent` names. `body` runs within it. */
export async function withServerSpan(
  method: string,
  headers: Readonly<Record<string, string>>,
  body: (span: ServerSpan) => Promise<void>,
): Promise<void> {
  const parent: Context = propagation.extract(context.active(), headers);
  const span = tracer().startSpan(
    method,
    { kind: SpanKind.SERVER, attributes: { 'http.request.method': method } },
    parent,
  );
  await context.with(trace.setSpan(parent, span), () => body(serverSpan(method, span)));
}

function serverSpan(method: string, span: Span): ServerSpan {
  const { traceId, spanId, traceFlags } = span.spanContext();
  return {
    traceId,
    header: `00-${traceId}-${spanId}-0${traceFlags.toString(16)}`,
    end(route, status) {
      span.updateName(`${method} ${route}`);
      span.setAttributes({ 'http.route': route, 'http.response.status_code': status });
      if (status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
      span.end();
    },
  };
}

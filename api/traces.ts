/** Spans of an API: its requests, and the workflows that they start. Loaded only if traces are on. */
import type { WorkflowClientInterceptor } from '@temporalio/client';
import { OpenTelemetryWorkflowClientInterceptor } from '@temporalio/interceptors-opentelemetry';
import { startTraces, type Traces, withServerSpan } from '../telemetry/traces.js';
import type { RequestTraces } from './request-traces.js';

export interface ApiTraces extends Traces {
  readonly requests: RequestTraces;
  readonly clientInterceptor: WorkflowClientInterceptor;
}

export function startApiTraces(version: string): ApiTraces {
  return {
    ...startTraces('ecs-image-import-api', version),
    requests: withServerSpan,
    clientInterceptor: new OpenTelemetryWorkflowClientInterceptor(),
  };
}

/** Spans of a worker: its activities, in the trace of the request that started their import, and their calls to the cloud. */

import type { WorkflowClientInterceptor } from '@temporalio/client';
import {
  OpenTelemetryActivityInboundInterceptor,
  OpenTelemetryActivityOutboundInterceptor,
  OpenTelemetryWorkflowClientInterceptor,
} from '@temporalio/interceptors-opentelemetry';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import { listenToCalls } from '../alibaba/call-events.js';
import { withLogContext } from '../telemetry/log-context.js';
import { describeActiveSpan, importAttributes, startCloudSpan, startTraces, type Traces } from '../telemetry/traces.js';

export interface WorkerTraces extends Traces {
  /** Makes the span of an attempt. The first interceptor, so that the span has the whole attempt. */
  readonly outer: ActivityInterceptorsFactory;
  /** Describes it. After the interceptor that knows the import. */
  readonly inner: ActivityInterceptorsFactory;
  /** Passes the trace of an activity on to the workflows that it starts. */
  readonly client: WorkflowClientInterceptor;
}

export function startWorkerTraces(version: string): WorkerTraces {
  const traces = startTraces('ecs-image-import-worker', version);
  const stopListening = listenToCalls({ started: startCloudSpan });
  return {
    outer: (context) => ({
      inbound: new OpenTelemetryActivityInboundInterceptor(context),
      outbound: new OpenTelemetryActivityOutboundInterceptor(context),
    }),
    inner: () => ({
      inbound: {
        async execute(input, next) {
          const traceId = describeActiveSpan(importAttributes());
          return await withLogContext(traceId === null ? {} : { traceId }, () => next(input));
        },
      },
    }),
    client: new OpenTelemetryWorkflowClientInterceptor(),
    async stop() {
      stopListening();
      await traces.stop();
    },
  };
}

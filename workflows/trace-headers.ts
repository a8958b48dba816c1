/**
 * Passes the trace of a workflow's start on to its activities and child workflows. Spans are made outside: here, only a header is copied,
 * so that a replay gives the same commands. A workflow that was started without traces has no header.
 */
import type { Headers, WorkflowInterceptorsFactory } from '@temporalio/workflow';

/** As `@temporalio/interceptors-opentelemetry` names it. */
const TRACE_HEADER = '_tracer-data';

export const interceptors: WorkflowInterceptorsFactory = () => {
  let trace: Headers = {};
  return {
    inbound: [
      {
        async execute(input, next) {
          const header = input.headers[TRACE_HEADER];
          if (header !== undefined) trace = { [TRACE_HEADER]: header };
          return await next(input);
        },
      },
    ],
    outbound: [
      {
        scheduleActivity: (input, next) => next({ ...input, headers: { ...input.headers, ...trace } }),
        startChildWorkflowExecution: (input, next) => next({ ...input, headers: { ...input.headers, ...trace } }),
        continueAsNew: (input, next) => next({ ...input, headers: { ...input.headers, ...trace } }),
      },
    ],
  };
};

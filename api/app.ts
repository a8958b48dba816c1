/** The HTTP interface: routes, authorization, and error responses. */
import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import { WorkflowFailedError } from '@temporalio/client';
import { CancelledFailure, TerminatedFailure } from '@temporalio/common';
import { unreachableReason } from '../imports/unreachable.js';
import { databaseFailure } from '../store/database-failure.js';
import { authenticate, firstIdentity } from './access/authenticate.js';
import { authorize, stillMay } from './access/authorize.js';
import { askForKey, basicKey } from './access/basic-key.js';
import { describeConnection } from './access/connection.js';
import { endStreams } from './access/end-streams.js';
import { accessLog } from './access-log.js';
import { answers, json, other } from './answers.js';
import type { ApiDependencies } from './dependencies.js';
import { createMetrics } from './metrics.js';
import { openApiDocument } from './openapi/document.js';
import { isOpen } from './openapi/security.js';
import { answerProblem, deleted, ProblemError, problem } from './problems.js';
import { traceRequests } from './request-traces.js';
import { noQuery, routes } from './route.js';
import { auditRoutes } from './routes/audit.js';
import { batchRoutes } from './routes/batches.js';
import { changeRoutes } from './routes/changes.js';
import { checkBatchRoutes } from './routes/check-batch.js';
import { codecCors, codecRoutes, isFromTemporalUi } from './routes/codec.js';
import { createBatchRoutes } from './routes/create-batch.js';
import { eventRoutes } from './routes/events.js';
import { fileRoutes } from './routes/files.js';
import { healthRoutes } from './routes/health.js';
import { holdRoutes } from './routes/holds.js';
import { importRoutes } from './routes/imports.js';
import { inspectionRoutes } from './routes/inspections.js';
import { keyRoutes } from './routes/keys.js';
import { oidcRoutes } from './routes/oidc.js';
import { orphanRoutes } from './routes/orphans.js';
import { overviewRoutes } from './routes/overview.js';
import { pageRoutes } from './routes/page.js';
import { reconcileRoutes } from './routes/reconcile.js';
import { sessionRoutes } from './routes/session.js';
import { waitingRoutes } from './routes/waiting.js';
import { webhookRoutes } from './routes/webhooks.js';
import { sameOrigin } from './same-origin.js';
import { secureHeaders } from './secure-headers.js';
import { isOfTemporalUi, temporalUiRoutes } from './temporal-ui.js';
import { withoutRoute } from './without-route.js';

const metricsRoute = createRoute({
  method: 'get',
  path: '/metrics',
  operationId: 'metrics',
  tags: ['Service'],
  summary: 'Prometheus metrics',
  request: { query: noQuery },
  responses: answers({ 200: other('Metrics', 'text/plain') }),
});

const documentRoute = createRoute({
  method: 'get',
  path: '/openapi.json',
  operationId: 'openApiDocument',
  tags: ['Service'],
  summary: 'This document',
  request: { query: noQuery },
  responses: answers({ 200: json('OpenAPI 3.1', 'OpenApi') }),
});

export function createApp(deps: ApiDependencies): OpenAPIHono {
  const app = routes();
  const metrics = createMetrics(
    { ...deps.metricSources, store: deps.store, countWebhooks: () => deps.webhooks.store.countByState() },
    deps.registry,
  );

  app.use(traceRequests(deps.traces));
  app.use(accessLog(deps.log));
  app.use(async (context, next) => {
    const stop = metrics.request();
    await next();
    stop(context.req.method, context.req.routePath, context.res.status);
  });
  app.use(describeConnection(deps.isBehindProxy ?? false));
  app.use(secureHeaders);
  app.use(deps.auditTrail.middleware);
  app.use(codecCors(deps.codecOrigins ?? []));
  app.use(sameOrigin(deps.hostNames, (context) => isFromTemporalUi(context, deps.codecOrigins ?? [])));
  app.use(askForKey(isOfTemporalUi));
  const authenticators = [...deps.authenticators, basicKey(deps.authenticators, isOfTemporalUi)];
  app.use(authenticate(authenticators, isOpen, deps.limits));
  app.use(endStreams(stillMay(deps.access, (request) => firstIdentity(deps.authenticators, request))));
  app.use(authorize(deps.access));
  app.route('/', pageRoutes());
  app.route('/', sessionRoutes(deps));
  app.route('/', oidcRoutes(deps));
  app.route('/', healthRoutes(deps));
  app.route('/', temporalUiRoutes(deps));
  app.route('/', waitingRoutes(deps));
  app.route('/', importRoutes(deps));
  app.route('/', changeRoutes(deps));
  app.route('/', overviewRoutes(deps));
  app.route('/', createBatchRoutes(deps));
  app.route('/', checkBatchRoutes(deps));
  app.route('/', batchRoutes(deps));
  app.route('/', eventRoutes(deps));
  app.route('/', fileRoutes(deps));
  app.route('/', holdRoutes(deps));
  app.route('/', inspectionRoutes(deps));
  app.route('/', keyRoutes(deps));
  app.route('/', auditRoutes(deps));
  app.route('/', orphanRoutes(deps));
  app.route('/', reconcileRoutes(deps));
  app.route('/', webhookRoutes(deps));
  app.route('/', codecRoutes(deps));
  app.openapi(documentRoute, (context) => context.json(openApiDocument(app)));
  app.openapi(metricsRoute, async (context) =>
    context.body(await metrics.text(), 200, { 'content-type': metrics.contentType }),
  );

  app.notFound((context) => withoutRoute(context, app));
  app.onError(async (error, context) => {
    if (error instanceof ProblemError) {
      const limited = error.details.status === 401 ? (deps.limits?.failed(context) ?? null) : null;
      // For the audit log.
      if (limited !== null) context.error = limited;
      return answerProblem(context, limited ?? (await deletedInstead(deps, error, context.req.path)) ?? error);
    }
    deps.log.error({ error: error.stack ?? String(error), path: context.req.path }, 'request failed');
    return answerProblem(context, unexpected(error));
  });
  return app;
}

/** The problem to send instead of a 404, if the import or batch of the path was deleted. */
async function deletedInstead(
  { retention }: Pick<ApiDependencies, 'retention'>,
  { details }: ProblemError,
  path: string,
): Promise<ProblemError | null> {
  const [, of, id] = /^\/v1\/(imports|batches)\/([\w.-]+)/.exec(path) ?? [];
  const isUnknown = details.code === 'Import.NotFound' || details.code === 'Batch.NotFound';
  if (!isUnknown || (of !== 'imports' && of !== 'batches') || id === undefined) return null;
  const wasDeleted = await retention.wasDeleted(of, id).catch(() => false);
  return wasDeleted ? deleted(of, id) : null;
}

/** Connection errors of Node.js, and of PostgreSQL while it starts, stops or has no free connection. */
const UNAVAILABLE_CODES = ['ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT', 'ENOTFOUND', '57P01', '57P03', '53300'];

const RETRY_AFTER_S = 2;

/** What PostgreSQL can be reached for, but not done in time; null: another cause. */
function busyDatabase(error: Error): string | null {
  const code = 'code' in error ? error.code : null;
  if (code === '55P03') return 'another session of PostgreSQL has locked what this request needs';
  if (code === '57014') return 'PostgreSQL did not complete a statement of this request in time';
  if (error.message === 'timeout exceeded when trying to connect')
    return 'all connections of this process to PostgreSQL are in use, or PostgreSQL does not accept one';
  return null;
}

/** PostgreSQL cannot store a value: a character (22021, 22P05) or a number out of range (22003). */
const UNSTORABLE_CODES = ['22021', '22P05', '22003'];

/** An outage of PostgreSQL or Temporal is a 503, not a bug of the service. */
function unexpected(error: Error): ProblemError {
  if (error instanceof WorkflowFailedError && isEndedFromOutside(error.cause)) {
    return problem(
      'unavailable',
      'the workflow of this request was cancelled or terminated in Temporal',
      'Send the request again.',
    );
  }
  const code = 'code' in error ? String(error.code) : '';
  const isUnavailable =
    databaseFailure(error)?.failure.code === 'Database.Unavailable' ||
    UNAVAILABLE_CODES.includes(code) ||
    /timeout|terminated/i.test(error.message);
  const busy = busyDatabase(error);
  if (busy !== null) {
    return problem('unavailable', busy, `Nothing was changed. Send the request again in ${RETRY_AFTER_S} s.`, {
      retryAfterSeconds: RETRY_AFTER_S,
    });
  }
  if (isUnavailable || unreachableReason(error) !== null) {
    return problem(
      'unavailable',
      'PostgreSQL or Temporal cannot be reached',
      'Check GET /readyz to see which one, and send the request again later.',
    );
  }
  if (UNSTORABLE_CODES.includes(code)) {
    return problem(
      'invalidRequest',
      'the request contains a character or a number that PostgreSQL cannot store',
      'Remove NUL characters and incomplete UTF-16 surrogate pairs, and check the numbers. Nothing was changed.',
    );
  }
  return problem('internal', 'the request failed because of an unexpected error', 'Check the log of the API.');
}

function isEndedFromOutside(cause: unknown): boolean {
  return cause instanceof TerminatedFailure || cause instanceof CancelledFailure;
}

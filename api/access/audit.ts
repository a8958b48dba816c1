/** Records in the audit log who changed what, and which requests were refused. */
import type { Context, MiddlewareHandler } from 'hono';
import { redact } from '../../domain/errors/redact.js';
import { printableLine } from '../../domain/printable.js';
import type { AuditedRequest, AuditOutcome, AuditResult, AuditStore } from '../../store/audit.js';
import { ProblemError } from '../problems.js';
import { statedBy } from '../requester.js';
import { createRefusalLog, type RefusalLog } from './refusal-log.js';

export interface AuditTrail {
  readonly middleware: MiddlewareHandler;
  /** Writes what is still counted. */
  close(): Promise<void>;
}

declare module 'hono' {
  interface ContextVariableMap {
    /** Records an action before it begins, because it takes long; the outcome is recorded after it. */
    beginAudit?: () => Promise<void>;
  }
}

/** @param log receives the entries that cannot be written */
export function createAuditTrail(
  store: Pick<AuditStore, 'add' | 'begin' | 'end'>,
  log: { error(attributes: object, message: string): void },
): AuditTrail {
  const refusals = createRefusalLog(store);
  return {
    close: () => refusals.close(),
    async middleware(context, next) {
      let begun: number | null = null;
      context.set('beginAudit', async () => {
        begun = await store.begin(requestOf(context));
      });
      await next();
      const result = resultOf(context);
      try {
        await record(context, result, begun, store, refusals);
      } catch (error) {
        // The action has taken effect: its response must arrive.
        const entry = { ...requestOf(context), ...result };
        log.error({ error: String(error), entry }, 'an entry of the audit log cannot be written');
      }
    },
  };
}

async function record(
  context: Context,
  result: AuditResult,
  begun: number | null,
  store: Pick<AuditStore, 'add' | 'end'>,
  refusals: RefusalLog,
): Promise<void> {
  if (begun !== null) return await store.end(begun, result);
  const isChange = context.get('rule')?.changes === true;
  if (result.outcome === 'done') {
    if (isChange) await store.add(requestOf(context), result);
    return;
  }
  // A failed read is none of the log's concern, a refused one is.
  if (isChange || result.outcome === 'refused') await refusals.add(requestOf(context), result);
}

const REFUSED: readonly number[] = [401, 403, 429];

function resultOf(context: Context): AuditResult {
  const { status } = context.res;
  const isRefused = REFUSED.includes(status) || context.get('refusal') !== undefined;
  const outcome: AuditOutcome = isRefused ? 'refused' : status < 400 ? 'done' : 'failed';
  const code = context.error instanceof ProblemError ? context.error.details.code : null;
  return { outcome, status, code: isRefused && code !== null && status === 404 ? 'Api.Forbidden' : code };
}

const MOST_CHARACTERS = 200;

function requestOf(context: Context): AuditedRequest {
  const identity = context.get('identity');
  const { method, path } = context.req;
  const action = context.get('action');
  return {
    identity: identity?.id ?? null,
    role: identity?.role ?? null,
    address: context.get('address') ?? null,
    ...statedBy(context),
    action: action ?? (identity === undefined ? 'sign-in' : 'other'),
    target: short(context.get('auditTarget') || (action === undefined ? `${method} ${path}` : '')),
  };
}

function short(text: string): string | null {
  return text === '' ? null : printableLine(redact(text)).slice(0, MOST_CHARACTERS);
}

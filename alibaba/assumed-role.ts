/**
 * Credentials of a role in another account, by AssumeRole. All users of an account in this process share one session, which
 * is renewed before it expires. STS limits the calls of an account, so concurrent users share one call, and its refusal.
 */
import Sts, { AssumeRoleRequest } from '@alicloud/sts20150401';
import { entryOf, factsOf } from '../domain/errors/catalogue.js';
import { FailureError } from '../domain/errors/failure.js';
import { remedyOf } from '../domain/errors/remedy.js';
import type { AccountRole } from './account-role.js';
import { withoutChangeLease } from './change-lease.js';
import type { CredentialSource, Credentials } from './credentials.js';
import { ask, type SdkPlace, sdkCall, sdkConfig } from './sdk-call.js';
import { unreadable } from './sdk-errors.js';

export interface AssumedRoleOptions {
  readonly role: AccountRole;
  /** STS with the credentials that assume the role. */
  readonly sts: SdkPlace;
  /** Names this worker in the audit log of the account. */
  readonly sessionName: string;
  readonly now?: () => Moment;
}

/** By the clock that can be set, and by the one that stops while the machine is suspended. */
interface Moment {
  readonly wallMs: number;
  readonly monotonicMs: number;
}

interface Session {
  readonly credentials: Credentials;
  readonly begun: Moment;
  readonly lastsMs: number;
}

/** A session is renewed this long before it expires, and at the latest when this share of it is left. */
const RENEW_BEFORE = { ms: 10 * 60_000, share: 1 / 3 };
/** A session is not used at its end: a request that is signed with it must arrive before it expires. */
const UNUSED_END = { ms: 60_000, share: 1 / 10 };
/** While the session is still valid, a failed renewal is repeated after this time. */
const RENEW_AGAIN_MS = 10_000;
/** The callers of this time share a refusal that passes. */
const SHARED_REFUSAL_MS = 1_000;
/** A younger session is not renewed because of a refusal: it belongs to calls with the session before. */
const YOUNG_MS = 5_000;

export function assumedRole({ role, sts, sessionName, now = currentMoment }: AssumedRoleOptions): CredentialSource {
  let session: Session | null = null;
  let assuming: Promise<Session> | null = null;
  let refusal: { readonly error: FailureError; readonly untilMs: number } | null = null;
  let renewAfterMs = Number.NEGATIVE_INFINITY;

  const ageOf = ({ begun }: Session): number => {
    const { wallMs, monotonicMs } = now();
    return Math.max(wallMs - begun.wallMs, monotonicMs - begun.monotonicMs);
  };
  const assume = (): Promise<Session> => {
    // Of all its users, not of the step that is the first to need it.
    assuming ??= withoutChangeLease(() => callAssumeRole(role, sts, sessionName, now()))
      .then((assumed) => {
        session = assumed;
        refusal = null;
        return assumed;
      })
      .catch((error: unknown) => {
        const passes = error instanceof FailureError && ['throttled', 'transient'].includes(error.failure.class);
        if (passes) {
          const forMs = Math.max(SHARED_REFUSAL_MS, error.failure.retryAfterMs ?? 0);
          refusal = { error, untilMs: now().monotonicMs + forMs };
        }
        renewAfterMs = now().monotonicMs + RENEW_AGAIN_MS;
        throw error;
      })
      .finally(() => {
        assuming = null;
      });
    return assuming;
  };

  const credentials = async (): Promise<Credentials> => {
    if (session !== null) {
      const leftMs = session.lastsMs - ageOf(session);
      if (leftMs > endOf(session, UNUSED_END)) {
        // No call waits for the renewal, and a failure of STS is not one of the call.
        const isDue = leftMs <= endOf(session, RENEW_BEFORE) && now().monotonicMs >= renewAfterMs;
        if (isDue) assume().catch(() => undefined);
        return session.credentials;
      }
    }
    if (refusal !== null && now().monotonicMs < refusal.untilMs) throw refusal.error;
    return (await assume()).credentials;
  };
  return Object.assign(credentials, {
    renew: () => {
      if (session !== null && ageOf(session) > YOUNG_MS) session = null;
    },
  });
}

async function callAssumeRole(
  role: AccountRole,
  place: SdkPlace,
  sessionName: string,
  begun: Moment,
): Promise<Session> {
  const { name, roleArn, durationSeconds, externalId } = role;
  const client = async () => new Sts.default(await sdkConfig(place));
  const request = ask(AssumeRoleRequest, {
    ...{ roleArn, durationSeconds, roleSessionName: sessionName },
    ...(externalId === undefined ? {} : { externalId }),
  });
  try {
    const { credentials, requestId } = await sdkCall('sts', 'AssumeRole', client, (sts) => sts.assumeRole(request));
    const { accessKeyId, accessKeySecret, securityToken, expiration } = credentials ?? {};
    if (!accessKeyId || !accessKeySecret || !securityToken)
      throw unreadable('sts', 'AssumeRole', 'contains no credentials', requestId);
    // The expiration is by the cloud's clock. That of this host may be behind, so the session also ends after its duration.
    const untilMs = Date.parse(expiration ?? '') - begun.wallMs;
    const lastsMs = Math.min(durationSeconds * 1_000, untilMs > 0 ? untilMs : Number.POSITIVE_INFINITY);
    return { credentials: { accessKeyId, accessKeySecret, securityToken }, begun, lastsMs };
  } catch (error) {
    throw error instanceof FailureError ? aboutAccount(error, name, roleArn) : error;
  }
}

/** The failure names the account and the role, also in its remedy. */
function aboutAccount({ failure, cause }: FailureError, account: string, roleArn: string): FailureError {
  const values = { ...failure.values, account, accountRole: roleArn };
  const facts = factsOf({ ...failure, values });
  return new FailureError(
    {
      ...failure,
      ...{ values, field: 'account' },
      message: `account ${account}: ${failure.message} (role ${roleArn})`,
      remedy: remedyOf(entryOf(facts), facts.values),
    },
    { cause },
  );
}

function endOf({ lastsMs }: Session, { ms, share }: { readonly ms: number; readonly share: number }): number {
  return Math.min(ms, lastsMs * share);
}

function currentMoment(): Moment {
  return { wallMs: Date.now(), monotonicMs: performance.now() };
}

/** At most 64 letters, digits and `. @ - _`, as STS accepts. */
export function sessionNameOf(host: string): string {
  return `ecs-image-import@${host.replace(/[^\w.-]/g, '-')}`.slice(0, 64);
}

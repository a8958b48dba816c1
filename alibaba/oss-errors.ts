/** Turns what goes wrong between us and OSS into the catalogue's failures; the one place where the adapter does so. */
import { type Failure, type FailureClass, FailureError } from '../domain/failure.js';

/** What is known of a failed call; from an error of `ali-oss`, of a socket, or from an answer that we read ourselves. */
export interface OssProblem {
  readonly action: string;
  /** The vendor's code, Node's (`ECONNRESET`), or one of ours under `Upload.` and `Source.`. */
  readonly code: string;
  readonly message: string;
  readonly status?: number;
  readonly requestId?: string;
  readonly retryAfterMs?: number;
  readonly outcomeUnknown?: boolean;
  readonly cause?: unknown;
}

const CLASSES: readonly (readonly [RegExp, FailureClass, string])[] = [
  [/^Source\./, 'request', 'Give the import a source that stays as it is until the import is done.'],
  [/^Upload\./, 'transient', 'It is tried again by itself; nothing needs to be done.'],
  [
    /^(Throttling|SlowDown|DownloadTrafficRateLimit|UploadTrafficRateLimit|Qps)/,
    'throttled',
    'It is tried again more slowly.',
  ],
  [/^(E[A-Z]+|ResponseError|RequestError|.*Timeout.*|InternalError|ServiceUnavailable)$/, 'transient', 'Tried again.'],
  [
    /^(AccessDenied|UserDisable|InvalidAccessKeyId|SignatureDoesNotMatch|SecurityToken.*)/,
    'attention',
    'Check the key and its policy.',
  ],
];

export function ossFailure(problem: OssProblem): FailureError {
  const { cause, ...known } = problem;
  const [, kind, remedy] = CLASSES.find(([pattern]) => pattern.test(known.code)) ?? [
    null,
    (known.status ?? 0) >= 500 ? ('transient' as const) : ('request' as const),
    'Look the code up in the OSS documentation.',
  ];
  const failure: Failure = { ...known, message: redact(known.message), class: kind, remedy, service: 'oss' };
  return new FailureError(failure, { cause });
}

/** A request's query may hold names, tokens and signatures: none of it leaves the adapter. */
export function redact(message: string): string {
  return message
    .replace(/(https?:\/\/[^\s?]+)\?\S+/g, '$1')
    .replace(/(Credential|Signature|security-token)=[^\s,&]+/gi, '$1=…');
}

/** The fields of an error that came from outside, without trusting its shape. */
export function describeError(error: unknown): { code: string; message: string; status?: number; requestId?: string } {
  if (!(error instanceof Error)) return { code: 'UnknownError', message: String(error) };
  const text = (key: string) => {
    const value: unknown = Reflect.get(error, key);
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const status: unknown = Reflect.get(error, 'status');
  const requestId = text('requestId');
  return {
    code: text('code') ?? error.name,
    message: error.message,
    // ali-oss says -1 for a cut connection and -2 for a time-out.
    ...(typeof status === 'number' && status > 0 ? { status } : {}),
    ...(requestId === undefined ? {} : { requestId }),
  };
}

/** Whether a failed call may all the same have reached the cloud: no answer, or one that says nothing of the outcome. */
export function mayHaveHappened(failure: Failure): boolean {
  return failure.status === undefined || failure.status >= 500;
}

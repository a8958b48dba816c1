/** What a cleanup that cannot go on tells a person: what is left of the import, and the command that removes each of it. */
import { type Failure, FailureError } from '../domain/errors/failure.js';
import type { LedgerEntry, ResourceKind } from '../domain/import.js';

type Owned = Exclude<ResourceKind, 'role' | 'policy-attachment'>;

const BY_HAND: Readonly<Record<Owned, (entry: LedgerEntry) => string>> = {
  'multipart-upload': ({ key }) => `ossutil rm ${key} -m -f`,
  object: ({ key }) => `ossutil rm ${key} -f`,
  task: ({ key, regionId }) => `aliyun ecs CancelTask --RegionId ${regionId} --TaskId ${key}`,
  image: removeImage,
  copy: removeImage,
};

function removeImage({ detail, regionId, key }: LedgerEntry): string {
  const which = detail.imageId ? detail.imageId : `IMAGE-NAMED-${key}`;
  return `aliyun ecs DeleteImage --RegionId ${regionId} --ImageId ${which} --Force true`;
}

function isOwned(kind: ResourceKind): kind is Owned {
  return Object.hasOwn(BY_HAND, kind);
}

/** @returns the failure with what is left; one that retrying cannot mend waits for a person, since the import cannot end without */
export function withLeftovers(error: unknown, ledger: readonly LedgerEntry[]): unknown {
  if (!(error instanceof FailureError)) return error;
  const { failure } = error;
  const left = ledger.filter(({ status }) => status === 'intended' || status === 'created');
  const commands = left.flatMap((entry) => (isOwned(entry.kind) ? [BY_HAND[entry.kind](entry)] : []));
  const passes = failure.class === 'transient' || failure.class === 'throttled';
  const told: Failure = {
    ...failure,
    class: passes ? failure.class : 'attention',
    message: `${failure.message}. Left behind so far: ${left.map(nameOf).join(', ') || 'nothing'}`,
    remedy: `${failure.remedy} Or remove it by hand (${commands.join('; ') || 'nothing to remove'}), then resume.`,
  };
  return new FailureError(told);
}

function nameOf({ kind, key, regionId, detail }: LedgerEntry): string {
  return `${kind} ${detail.imageId ?? key} in ${regionId}`;
}

/** Commands for a POSIX shell. Every argument that a shell would interpret is quoted. */
import type { ObjectLocation } from '../domain/object-location.js';

function shellCommand(...args: readonly string[]): string {
  return args.map(quoted).join(' ');
}

/** A call of ECS with the vendor's command line. */
export function inRegion(regionId: string, action: string, ...parameters: readonly string[]): string {
  return shellCommand('aliyun', 'ecs', action, '--RegionId', regionId, ...parameters);
}

/** How `ossutil` reaches an object and deletes it for good, where that differs from a plain bucket at its public endpoint. */
export interface ObjectReach {
  /** `-e` and what belongs to it; empty: the public endpoint of the region. */
  readonly endpoint: readonly string[];
  /** The bucket has, or may have, versions: without the option, the object stays behind a delete marker. */
  readonly hasVersions: boolean;
}

export const PLAIN_REACH: ObjectReach = { endpoint: [], hasVersions: false };

/** `ossutil` expects keys without percent-encoding. */
export function ossutilRemove({ bucket, key }: ObjectLocation, ...options: readonly string[]): string {
  return shellCommand('ossutil', 'rm', `oss://${bucket}/${key}`, ...options);
}

function quoted(word: string): string {
  return /^[\w./:,=@+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

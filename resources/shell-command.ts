/** Commands for a POSIX shell. Every argument that a shell would interpret is quoted. */
import type { ObjectLocation } from '../domain/object-location.js';

function shellCommand(...args: readonly string[]): string {
  return args.map(quoted).join(' ');
}

/** A call of ECS with the vendor's command line. */
export function inRegion(regionId: string, action: string, ...parameters: readonly string[]): string {
  return shellCommand('aliyun', 'ecs', action, '--RegionId', regionId, ...parameters);
}

/** `ossutil` expects keys without percent-encoding. */
export function ossutilRemove({ bucket, key }: ObjectLocation, ...options: readonly string[]): string {
  return shellCommand('ossutil', 'rm', `oss://${bucket}/${key}`, ...options);
}

function quoted(word: string): string {
  return /^[\w./:,=@+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

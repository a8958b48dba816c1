/** Commands for a POSIX shell. Every argument that a shell could read otherwise is quoted. */
import type { ObjectLocation } from '../domain/object-location.js';

function shellCommand(...words: readonly string[]): string {
  return words.map(quoted).join(' ');
}

/** A call of ECS by the vendor's command line. */
export function inRegion(regionId: string, action: string, ...parameters: readonly string[]): string {
  return shellCommand('aliyun', 'ecs', action, '--RegionId', regionId, ...parameters);
}

/** The vendor's program for OSS takes a key as it is, without percent-encoding. */
export function ossutilRemove({ bucket, key }: ObjectLocation, ...options: readonly string[]): string {
  return shellCommand('ossutil', 'rm', `oss://${bucket}/${key}`, ...options);
}

function quoted(word: string): string {
  return /^[\w./:,=@+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

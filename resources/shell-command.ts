/** Commands for a POSIX shell. Every argument that a shell could read otherwise is quoted. */

export function shellCommand(...words: readonly string[]): string {
  return words.map(quoted).join(' ');
}

/** A call of ECS by the vendor's command line. */
export function inRegion(regionId: string, action: string, ...parameters: readonly string[]): string {
  return shellCommand('aliyun', 'ecs', action, '--RegionId', regionId, ...parameters);
}

function quoted(word: string): string {
  return /^[\w./:,=@+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** True if a file name matches a pattern with `*` and `?`. Takes time in proportion to the lengths, whatever the pattern. */
export function matchesGlob(pattern: string, name: string): boolean {
  let [at, inName] = [0, 0];
  /** The last `*`, and where the name continues after what it has matched so far. */
  let [star, after] = [-1, 0];
  while (inName < name.length) {
    if (pattern[at] === '*') {
      [star, after] = [at, inName];
      at += 1;
    } else if (pattern[at] === '?' || pattern[at] === name[inName]) {
      at += 1;
      inName += 1;
    } else if (star >= 0) {
      after += 1;
      [at, inName] = [star + 1, after];
    } else return false;
  }
  while (pattern[at] === '*') at += 1;
  return at === pattern.length;
}

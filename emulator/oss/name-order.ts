/** Compares names in the order of OSS: by UTF-8 bytes, which equals the order by code points. */
export function compareNames(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at += 1) {
    const left = a.charCodeAt(at);
    const right = b.charCodeAt(at);
    if (left === right) continue;
    // A surrogate encodes a code point above every code point that needs one UTF-16 unit.
    if (isHalf(left) !== isHalf(right)) return isHalf(left) ? 1 : -1;
    return left - right;
  }
  return a.length - b.length;
}

function isHalf(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdfff;
}

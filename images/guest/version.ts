/** Compares versions as RPM does: numbers by value, letters alphabetically, a number above letters, `~` below everything. */

export function compareVersions(left: string, right: string): number {
  const a = left.match(SEGMENTS) ?? [];
  const b = right.match(SEGMENTS) ?? [];
  for (let index = 0; index < Math.max(a.length, b.length); index += 1) {
    const order = compareSegments(a[index], b[index]);
    if (order !== 0) return order;
  }
  return 0;
}

const SEGMENTS = /\d+|[A-Za-z]+|~/g;

function compareSegments(a: string | undefined, b: string | undefined): number {
  if (a === b) return 0;
  if (a === '~' || b === '~') return a === '~' ? -1 : 1;
  // The version with more segments is newer: 1.2.1 > 1.2.
  if (a === undefined || b === undefined) return a === undefined ? -1 : 1;
  const [numberA, numberB] = [/^\d/.test(a), /^\d/.test(b)];
  if (numberA !== numberB) return numberA ? 1 : -1;
  if (!numberA) return a < b ? -1 : 1;
  return Number(a) - Number(b);
}

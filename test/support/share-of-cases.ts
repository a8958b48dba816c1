/** `npm test` runs a share of the cases of a large matrix, another one each day; `npm run test:long` runs all of them. */
const ALL = process.env.TEST_ALL_CASES === '1';
const TODAY = Math.floor(Date.now() / 86_400_000);

/** Every which case runs, and the first one, from 0. */
export function shareOf(oneOf: number): { readonly every: number; readonly first: number } {
  return ALL ? { every: 1, first: 0 } : { every: oneOf, first: TODAY % oneOf };
}

/** At least a case, where there is one. */
export function shareOfCases<T>(cases: readonly T[], oneOf: number): readonly T[] {
  const { every, first } = shareOf(Math.min(oneOf, Math.max(1, cases.length)));
  return cases.filter((_, index) => index % every === first);
}

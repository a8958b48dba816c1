/** The causes of imports in attention that a caller may see. */
import { isWithin, type Limits } from '../domain/access/may.js';
import { namedBy } from '../domain/access/named.js';
import { remedyForAll } from '../domain/errors/index.js';
import type { StoppedImport, WaitingCause } from '../store/waiting.js';

/** The most frequent first. */
export async function causesWithin(
  stopped: AsyncIterable<StoppedImport>,
  limits: Limits,
): Promise<readonly WaitingCause[]> {
  const causes = new Map<string, WaitingCause & { readonly isSame: boolean }>();
  for await (const { request, attention } of stopped) {
    if (!isWithin(limits, namedBy(request))) continue;
    const { code, since, remedy } = attention;
    const known = causes.get(code) ?? { code, imports: 0, since, remedy, isSame: true };
    causes.set(code, {
      ...known,
      imports: known.imports + 1,
      since: [since, known.since].sort()[0] ?? since,
      isSame: known.isSame && known.remedy === remedy,
    });
  }
  return [...causes.values()]
    .map(({ isSame, ...cause }) => ({
      ...cause,
      remedy: isSame ? cause.remedy : remedyForAll(cause.code, cause.remedy),
    }))
    .sort((one, other) => other.imports - one.imports || (one.code < other.code ? -1 : 1));
}

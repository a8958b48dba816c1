/** Groups of concurrent imports, each blocked at its own call, for one kill or one freeze of their worker. */
import { setTimeout as sleep } from 'node:timers/promises';
import { isFinal } from '../../domain/import.js';
import type { Fault, Service } from '../support/e2e/service.js';
import { follow, prepare, requestOf } from './run-case.js';
import { setCloud } from './run-matrix.js';
import { isShared, matchOf, SANDBOXES } from './sandboxes.js';
import { type Call, SCENARIOS } from './scenarios.js';

/** Number of imports in a group. */
const GROUP_SIZE = 12;
const HELD_WITHIN_MS = 90_000;

/** Starts the imports of a group and waits until every one blocks in its call, or has ended without making it. */
export async function holdAll<Case extends Call>(
  service: Service,
  group: readonly Case[],
  source: string,
  kindOf: (one: Case) => Fault['kind'],
) {
  const [first] = group;
  if (first !== undefined) await setCloud(service, SCENARIOS[first.scenario].cloud);
  const runs = await Promise.all(
    group.map(async (one, index) => {
      const sandbox = SANDBOXES[index];
      if (sandbox === undefined) throw new Error(`there is no sandbox ${index}`);
      const { service: of, action, after = 0 } = one;
      const request = requestOf(one.scenario, sandbox, source);
      const match = matchOf(one, sandbox, String(request.roleName));
      const faultId = await service.fault({ service: of, action, match, after, kind: kindOf(one), times: 1 });
      const turnIds = await prepare(service, one.scenario, sandbox, request);
      return { one, faultId, turnIds, id: await service.start(request) };
    }),
  );
  const following = runs.map(({ one, id, turnIds }) =>
    follow(service, id, { scenario: one.scenario, times: 'once', turnIds }, async () => undefined),
  );
  await allHeld(service, runs);
  return { runs, following };
}

async function allHeld(
  service: Service,
  runs: readonly { readonly id: string; readonly faultId: string }[],
): Promise<void> {
  for (const end = Date.now() + HELD_WITHIN_MS; Date.now() < end; await sleep(50)) {
    const hits = await service.hits();
    const pending = runs.filter(({ faultId }) => (hits.get(faultId) ?? 0) === 0);
    const views = await Promise.all(pending.map(({ id }) => service.get(id).catch(() => null)));
    if (views.every((view) => view !== null && isFinal(view.state))) return;
  }
}

/** @param together whether two calls may be held at the same time, besides what every group requires */
export function groupsOf<Case extends Call>(
  cases: readonly Case[],
  together: (one: Case, other: Case) => boolean = () => true,
): readonly (readonly Case[])[] {
  const made: Case[][] = [];
  for (const one of cases) {
    const fits = made.find(
      (group) =>
        group.length < GROUP_SIZE &&
        group.every(
          (other) =>
            !isShared(other) &&
            !isShared(one) &&
            SCENARIOS[other.scenario].cloud === SCENARIOS[one.scenario].cloud &&
            together(one, other),
        ),
    );
    if (fits === undefined) made.push([one]);
    else fits.push(one);
  }
  return made;
}

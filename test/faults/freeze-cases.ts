/** Freezes of a worker (SIGSTOP) at every call of the lifecycle, while another worker takes over. */
import { labelOf } from './cases.js';
import { CALLS, type Call, SCENARIOS } from './scenarios.js';

export interface FreezeCase extends Call {
  readonly name: string;
  /** `sent`: the cloud executes the call only when the worker wakes; `done`: it has executed it, and the response waits. */
  readonly moment: 'sent' | 'done';
  /** The import is cancelled while the worker is frozen, or the other worker continues it. */
  readonly then: 'cancelled' | 'continued';
  /** The worker wakes before its call times out, or after. */
  readonly wakes: 'in time' | 'timed out';
}

/** Of an object that stays in its bucket: only such a call can still create an image after the end of its import. */
const FROM_OBJECT: Call = { scenario: 'object', service: 'ecs', action: 'ImportImage', after: 1 };

export const FREEZES: readonly FreezeCase[] = [...CALLS, FROM_OBJECT].flatMap((call) =>
  (['in time', 'timed out'] as const).flatMap((wakes) =>
    (['sent', 'done'] as const).flatMap((moment) =>
      thensOf(call).map((then) => ({
        ...{ ...call, moment, then, wakes },
        name: `${call.scenario} ${labelOf(call)} worker frozen, call ${moment}, import ${then}, wakes ${wakes}`,
      })),
    ),
  ),
);

/** Some scenarios cancel by themselves. */
function thensOf({ scenario }: Call): readonly FreezeCase['then'][] {
  return SCENARIOS[scenario].cancelWhen === undefined ? ['cancelled', 'continued'] : ['continued'];
}

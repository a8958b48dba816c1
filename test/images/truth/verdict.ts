/** What an inspection says about the boot. */
import type { Inspection } from '../../../images/inspection.js';

export type Verdict = 'boots' | 'does not boot' | 'not verified';

export function verdictOf({ findings, bootChain }: Pick<Inspection, 'findings' | 'bootChain'>): Verdict {
  if (findings.some(({ severity }) => severity === 'blocking')) return 'does not boot';
  return bootChain.length > 0 && bootChain.every(({ state }) => state === 'verified') ? 'boots' : 'not verified';
}

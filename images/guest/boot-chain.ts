/**
 * The links of a boot in the machine's order, and what the inspection knows of each. A link that could not be verified has
 * a warning, so a report without findings means that every link is verified.
 */
import type { Severity } from '../../domain/import.js';
import type { FindingList } from '../findings.js';
import type { BootLink, BootLinkName, BootLinkState } from '../inspection.js';
import type { RunCheck } from './check-runner.js';

const LINKS: readonly BootLinkName[] = [
  ...(['firmware', 'boot loader', 'boot entry', 'kernel', 'initramfs', 'root device', 'mounts', 'init'] as const),
];
/** The remedy for a link that could not be verified. */
export const TRY_BOOT = 'Start the image once in a virtual machine before you import it; --boot-check does this.';

const WORSE: Readonly<Record<BootLinkState, number>> = { verified: 0, 'not verified': 1, broken: 2 };

/** The findings of one link. A `blocking` one breaks it. */
export interface LinkFindings extends FindingList {
  /** A warning: the inspection cannot tell whether this link holds. */
  unsure(code: string, message: string, evidence: string, remedy: string): void;
  /** The link depends on one before it, which has a finding of its own. */
  depends(evidence: string): void;
  /** What a verified link rests on. */
  saw(evidence: string): void;
}

export interface BootChain {
  /** Several checks of one link: the worst state counts. */
  check<T>(link: BootLinkName, what: string, check: (findings: LinkFindings) => T, fallback: T): T;
  /** In the machine's order. A link without a check is not verified. */
  links(): BootLink[];
}

export function createBootChain(findings: FindingList, runCheck: RunCheck): BootChain {
  const known = new Map<BootLinkName, BootLink>();
  const settle = (link: BootLinkName, state: BootLinkState, evidence: string) => {
    const before = known.get(link);
    const isWorse = before === undefined || WORSE[state] > WORSE[before.state];
    if (isWorse || (WORSE[state] === WORSE[before.state] && before.evidence === '')) {
      known.set(link, { link, state, evidence });
    }
  };
  return {
    check(link, what, check, fallback) {
      settle(link, 'verified', '');
      let done = false;
      const result = runCheck(
        what,
        () => {
          const value = check(linkFindings(findings, (state, evidence) => settle(link, state, evidence)));
          done = true;
          return value;
        },
        fallback,
      );
      if (!done) settle(link, 'not verified', `${what} could not be read`);
      return result;
    },
    links: () => LINKS.map((link) => known.get(link) ?? { link, state: 'not verified', evidence: '' }),
  };
}

function linkFindings(findings: FindingList, settle: (state: BootLinkState, evidence: string) => void): LinkFindings {
  const add = (severity: Severity, code: string, message: string, evidence: string, remedy: string) => {
    findings.add(severity, code, message, evidence, remedy);
    if (severity === 'blocking') settle('broken', `${message} (${evidence})`);
  };
  return {
    all: findings.all,
    add,
    unsure(code, message, evidence, remedy) {
      findings.add('warning', code, message, evidence, remedy);
      settle('not verified', `${message} (${evidence})`);
    },
    depends: (evidence) => settle('not verified', evidence),
    saw: (evidence) => settle('verified', evidence),
  };
}

/** For an entry that the loader may not start: its defects are not known to stop the boot. */
export function softened(findings: LinkFindings, isDoubtful: boolean): LinkFindings {
  if (!isDoubtful) return findings;
  return {
    ...findings,
    add: (severity, code, message, evidence, remedy) =>
      severity === 'blocking'
        ? findings.unsure(code, message, evidence, remedy)
        : findings.add(severity, code, message, evidence, remedy),
  };
}

/** Reports the chain as one finding; defects have findings of their own. */
export function reportBootChain(links: readonly BootLink[], findings: FindingList): void {
  const broken = links.filter(({ state }) => state === 'broken').map(({ link }) => link);
  const open = links.filter(({ state }) => state === 'not verified').map(({ link }) => link);
  const message =
    broken.length > 0
      ? `The boot stops at: ${broken.join(', ')}`
      : open.length > 0
        ? `Not verified: ${open.join(', ')}`
        : 'Every link of the boot is verified, from the firmware to the init program';
  const evidence = links.map(({ link, state }) => `${link}: ${state}`).join('; ');
  findings.add('info', 'ECSIMPORT.BootChain', message, evidence, '');
}

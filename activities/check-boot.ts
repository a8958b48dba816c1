/** The boot check of an import, if the request enables it. The outcome is a finding; the log and the last screenshot are stored with the import. */
import type { Finding } from '../domain/import.js';
import type { BootCheck } from '../images/boot-check/boot-check.js';
import type { ActivityDependencies } from './dependencies.js';
import type { InspectedDisk } from './disk-decision.js';
import type { Step } from './step.js';

const LOG = 'boot-check.log';
const SCREEN = 'boot-check.png';

export async function checkBoot(
  deps: Pick<ActivityDependencies, 'checkBoot' | 'files'>,
  step: Step,
  { facts: { file }, inspection }: InspectedDisk,
): Promise<Finding> {
  if (file === null || inspection === null) return NOT_HERE;
  step.log('boot check started');
  const check = await deps.checkBoot(file, inspection, { signal: step.signal });
  const kept = await keep(deps, step.importId, check);
  const evidence = [check.finding.evidence, ...(kept.length === 0 ? [] : [`kept: ${kept.join(', ')}`])].join('; ');
  step.log('boot check ended', { outcome: check.outcome, seconds: check.seconds });
  return { ...check.finding, evidence, disk: 1 };
}

const NOT_HERE: Finding = {
  code: 'ECSIMPORT.BootCheck',
  severity: 'warning',
  message: 'The boot check did not run',
  evidence: 'the system disk is not on the worker’s host',
  remedy: 'Use an image on a worker’s host (file:///path), or remove inspection.bootCheck.',
  source: 'inspection',
  disk: 1,
};

async function keep(
  { files: store }: Pick<ActivityDependencies, 'files'>,
  importId: string,
  { log, screenshot }: BootCheck,
): Promise<string[]> {
  const made = [
    { name: LOG, contentType: 'text/plain; charset=utf-8', bytes: log },
    { name: SCREEN, contentType: 'image/png', bytes: screenshot },
  ];
  const kept: string[] = [];
  for (const { name, contentType, bytes } of made) {
    if (bytes === null || bytes.length === 0) continue;
    await store.keep(importId, { name, contentType, bytes });
    kept.push(name);
  }
  return kept;
}

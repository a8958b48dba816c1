/** Runs the boot check of `inspect` and saves its serial log and last screen to a folder. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { FailureError } from '../domain/errors/failure.js';
import type { Finding } from '../domain/import.js';
import { type BootCheck, bootCheck } from '../images/boot-check/boot-check.js';
import type { Inspection } from '../images/inspection.js';
import { CommandError, EXIT } from './exit.js';
import { clean } from './format.js';
import { handleInterrupts } from './interrupts.js';

export interface BootCheckReport {
  readonly outcome: BootCheck['outcome'];
  readonly seconds: number;
  /** Paths of the saved files; null if the virtual machine did not start. */
  readonly log: string | null;
  readonly screenshot: string | null;
  readonly finding: Finding;
}

/** `folder`: null for `IMAGE.boot-check` in the current folder. */
export async function runBootCheck(
  file: string,
  inspection: Inspection,
  folder: string | null,
  timeLimitMs: number | undefined,
): Promise<BootCheckReport> {
  const to = path.resolve(folder ?? `${path.basename(file)}.boot-check`);
  const interrupts = handleInterrupts();
  try {
    const options = { signal: interrupts.signal, ...(timeLimitMs === undefined ? {} : { timeLimitMs }) };
    const { outcome, seconds, finding, log, screenshot } = await bootCheck(file, inspection, options);
    return {
      outcome,
      seconds,
      log: save(to, 'serial.log', log),
      screenshot: save(to, 'screen.png', screenshot),
      finding,
    };
  } catch (error) {
    if (interrupts.signal.aborted) throw new CommandError(EXIT.interrupted, ['the boot check was stopped']);
    if (!(error instanceof FailureError)) throw error;
    const { code, message, remedy } = error.failure;
    throw new CommandError(EXIT.failed, [clean(`${code}: ${message}`), clean(`remedy: ${remedy}`)]);
  } finally {
    interrupts.dispose();
  }
}

function save(folder: string, name: string, bytes: Buffer | null): string | null {
  if (bytes === null) return null;
  const file = path.join(folder, name);
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, bytes);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CommandError(EXIT.failed, [clean(`can't write ${file}: ${reason}; give --boot-check a writable folder`)]);
  }
  return file;
}

export function bootCheckText({ finding, log, screenshot }: BootCheckReport): string {
  const evidence = finding.evidence === '' ? '' : ` (${finding.evidence})`;
  return [
    clean(`boot check: ${finding.message}${evidence}`),
    ...(finding.remedy === '' ? [] : [clean(`  remedy: ${finding.remedy}`)]),
    ...(log === null ? [] : [clean(`  log ${log}`)]),
    ...(screenshot === null ? [] : [clean(`  screen ${screenshot}`)]),
  ].join('\n');
}

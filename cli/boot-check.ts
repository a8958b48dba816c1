/** The boot check of `inspect`: runs it, and keeps its log and its last screen in a folder. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Finding } from '../domain/import.js';
import { type BootCheck, bootCheck } from '../images/boot-check/boot-check.js';
import type { Inspection } from '../images/inspection.js';
import { CommandError, EXIT } from './exit.js';
import { clean } from './format.js';
import { catchInterrupts } from './interrupts.js';

export interface BootCheckReport {
  readonly outcome: BootCheck['outcome'];
  readonly seconds: number;
  /** Paths of what was kept; null where nothing ran. */
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
  const interrupts = catchInterrupts();
  try {
    const options = { signal: interrupts.signal, ...(timeLimitMs === undefined ? {} : { timeLimitMs }) };
    const { outcome, seconds, finding, log, screenshot } = await bootCheck(file, inspection, options);
    return {
      outcome,
      seconds,
      log: keep(to, 'serial.log', log),
      screenshot: keep(to, 'screen.png', screenshot),
      finding,
    };
  } catch (error) {
    if (interrupts.signal.aborted) throw new CommandError(EXIT.interrupted, ['the boot check was stopped']);
    throw error;
  } finally {
    interrupts.forget();
  }
}

function keep(folder: string, name: string, bytes: Buffer | null): string | null {
  if (bytes === null) return null;
  const file = path.join(folder, name);
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, bytes);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CommandError(EXIT.failed, [clean(`${file} could not be written: ${reason}`)]);
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

/** `inspect IMAGE`: checks an image offline. Needs no running service. */
import { performance } from 'node:perf_hooks';
import { type Command, InvalidArgumentError } from 'commander';
import { FailureError } from '../../domain/errors/failure.js';
import type { ConvertMode } from '../../images/convert/decision.js';
import { INSTALLED } from '../../images/convert/programs.js';
import { createInspector } from '../../images/inspect-in-child.js';
import type { Inspection } from '../../images/inspection.js';
import { type BootCheckReport, bootCheckText, runBootCheck } from '../boot-check.js';
import { print } from '../console.js';
import { CommandError, EXIT } from '../exit.js';
import { clean } from '../format.js';
import { globalsOf } from '../globals.js';
import { importVerdict } from '../import-verdict.js';
import { inspectionText } from '../inspection-text.js';
import { pathOf } from '../local-path.js';
import { count } from '../option-values.js';
import { wrongUsage } from '../usage.js';

export function addInspect(program: Command): void {
  program
    .command('inspect')
    .description('check offline whether an import of a disk image succeeds and boots (exit code 1: blocking findings)')
    .argument('<image>', 'path or file: URL of the image')
    .option('--convert <how>', 'conversion that the import would make: auto (default), never or qcow2', convertMode)
    .option('--as-is', 'check the image as it is, without conversion (like --convert never)')
    .option(
      '--boot-check [folder]',
      'also boot the image in QEMU and save its log and screen in a folder (default: IMAGE.boot-check)',
    )
    .option('--boot-check-seconds <n>', 'time limit for the boot until a login prompt (default: 300)', count)
    .action(async (image: string, options: Options, command: Command) => {
      const { json } = globalsOf(command);
      if (options.asIs === true && options.convert !== undefined && options.convert !== 'never') {
        throw wrongUsage(`--as-is contradicts --convert ${options.convert}`, command);
      }
      if (options.bootCheckSeconds !== undefined && options.bootCheck === undefined) {
        throw wrongUsage('--boot-check-seconds has an effect only with --boot-check', command);
      }
      const file = pathOf(image, process.cwd());
      const startedAt = performance.now();
      const inspection = await inspect(file);
      const ms = Math.round(performance.now() - startedAt);
      const mode = options.asIs === true ? 'never' : (options.convert ?? 'auto');
      const verdict = await importVerdict(inspection, mode, INSTALLED);
      if (!json) print(inspectionText(file, inspection, verdict, ms));
      const boot = await optionalBootCheck(file, inspection, options, json);
      const findings = [...verdict.findings, ...(boot === null ? [] : [boot.finding])];
      if (json) {
        const bootCheck = boot === null ? {} : { bootCheck: boot };
        const { conversion } = verdict;
        print(JSON.stringify({ file, ...inspection, conversion, findings, ms, ...bootCheck }, null, 2));
      }
      if (findings.some(({ severity }) => severity === 'blocking')) throw new CommandError(EXIT.failed, []);
    });
}

const MODES: readonly ConvertMode[] = ['auto', 'never', 'qcow2'];

function convertMode(text: string): ConvertMode {
  const mode = MODES.find((known) => known === text);
  if (mode === undefined) throw new InvalidArgumentError(`It must be one of ${MODES.join(', ')}.`);
  return mode;
}

interface Options {
  readonly convert?: ConvertMode;
  readonly asIs?: true;
  /** True: the option without a folder. */
  readonly bootCheck?: string | true;
  readonly bootCheckSeconds?: number;
}

async function optionalBootCheck(
  file: string,
  inspection: Inspection,
  { bootCheck, bootCheckSeconds }: Options,
  json: boolean,
): Promise<BootCheckReport | null> {
  if (bootCheck === undefined) return null;
  if (!json) print('boot check: booting the image in QEMU (takes minutes without KVM)');
  const timeLimitMs = bootCheckSeconds === undefined ? undefined : bootCheckSeconds * 1000;
  const report = await runBootCheck(file, inspection, bootCheck === true ? null : bootCheck, timeLimitMs);
  if (!json) print(bootCheckText(report));
  return report;
}

async function inspect(file: string): Promise<Inspection> {
  try {
    return await createInspector()(file);
  } catch (error) {
    if (!(error instanceof FailureError)) throw error;
    const { code, class: kind, message, remedy } = error.failure;
    const lines = [clean(`${code}: ${message}`), ...(remedy === '' ? [] : [clean(`remedy: ${remedy}`)])];
    const problem = JSON.stringify({ title: message, code, detail: message, remedy });
    throw new CommandError(kind === 'request' ? EXIT.usage : EXIT.failed, lines, problem);
  }
}

/** `inspect IMAGE`: checks an image offline. Needs no running service. */
import { realpath } from 'node:fs/promises';
import { performance } from 'node:perf_hooks';
import { type Command, InvalidArgumentError } from 'commander';
import { FailureError } from '../../domain/errors/failure.js';
import type { Finding } from '../../domain/import.js';
import type { ConvertMode } from '../../images/convert/decision.js';
import { INSTALLED } from '../../images/convert/programs.js';
import { createInspector } from '../../images/inspect-in-child.js';
import type { Inspection } from '../../images/inspection.js';
import { type ImportVerdict, importVerdict } from '../../images/verdict/import-verdict.js';
import { requireDigest, sha256Of } from '../../sources/digest.js';
import { openFileReader } from '../../sources/file.js';
import { type BootCheckReport, bootCheckText, runBootCheck } from '../boot-check.js';
import { print } from '../console.js';
import { CommandError, EXIT } from '../exit.js';
import { clean } from '../format.js';
import { globalsOf } from '../globals.js';
import type { ImportOptions } from '../import-request.js';
import { inspectRequest } from '../inspect-request.js';
import { inspectionText } from '../inspection-text.js';
import { pathOf } from '../local-path.js';
import { count } from '../option-values.js';
import { problemDocument } from '../problem.js';
import { addSomeRequestOptions } from '../request-options.js';
import { wrongUsage } from '../usage.js';

export function addInspect(program: Command): void {
  const command = program
    .command('inspect')
    .description('check offline whether an import of a disk image succeeds and boots (exit code 1: blocking findings)')
    .argument('<image>', 'path or file: URL of the image')
    .option('--convert <how>', 'conversion that the import would make: auto (default), never or qcow2', convertMode)
    .option('--as-is', 'check the image as it is, without conversion (like --convert never)')
    .option('--packages', 'also list the packages that are installed in the image')
    .option('--force', 'accept blocking findings that an import with --force accepts');
  addSomeRequestOptions(command, INSPECTED)
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
      const request = await inspectRequest(file, requestOptions(options));
      const startedAt = performance.now();
      const inspection = await inspect(file, options.packages === true);
      const ms = Math.round(performance.now() - startedAt);
      const verdict = withDigest(await importVerdict(inspection, request, INSTALLED), await wrongDigest(file, options));
      if (!json) print(inspectionText(file, inspection, verdict, ms));
      const boot = await optionalBootCheck(file, inspection, options, json);
      const findings = [...verdict.findings, ...(boot === null ? [] : [boot.finding])];
      if (json) {
        const bootCheck = boot === null ? {} : { bootCheck: boot };
        const { conversion, accepted } = verdict;
        print(JSON.stringify({ file, ...inspection, conversion, accepted, findings, ms, ...bootCheck }, null, 2));
      }
      // The boot check blocks an import like any other finding.
      const isBootBlocked = boot?.finding.severity === 'blocking' && options.force !== true;
      if (!verdict.accepted || isBootBlocked) throw new CommandError(EXIT.failed, []);
    });
}

/** What the import would be given, and changes the verdict. */
const INSPECTED = [
  ...['--fail-on', '--format', '--sha256', '--disk-image-size', '--architecture', '--os-type', '--platform'],
  ...['--boot-mode', '--license-type', '--nvme-support'],
];

/** A list of packages is longer than the report without it. */
const PACKAGES_OUTPUT_BYTES = 16 * 1024 * 1024;

const MODES: readonly ConvertMode[] = ['auto', 'never', 'qcow2'];

function convertMode(text: string): ConvertMode {
  const mode = MODES.find((known) => known === text);
  if (mode === undefined) throw new InvalidArgumentError(`It must be one of ${MODES.join(', ')}.`);
  return mode;
}

interface Options extends Pick<ImportOptions, RequestOption> {
  readonly convert?: ConvertMode;
  readonly asIs?: true;
  readonly packages?: true;
  /** True: the option without a folder. */
  readonly bootCheck?: string | true;
  readonly bootCheckSeconds?: number;
}

type RequestOption =
  | 'failOn'
  | 'force'
  | 'format'
  | 'diskImageSize'
  | 'architecture'
  | 'osType'
  | 'platform'
  | 'bootMode'
  | 'licenseType'
  | 'nvmeSupport'
  | 'sha256';

function requestOptions({
  asIs,
  convert,
  packages: ___,
  bootCheck: _,
  bootCheckSeconds: __,
  ...options
}: Options): ImportOptions {
  return { ...options, convert: asIs === true ? 'never' : (convert ?? 'auto') };
}

/** Null: the digest is right, or none was given. */
async function wrongDigest(file: string, { sha256 }: Options): Promise<Finding | null> {
  if (sha256 === undefined) return null;
  const reader = await openFileReader(await realpath(file));
  try {
    requireDigest(await sha256Of(reader, new AbortController().signal), sha256, file);
    return null;
  } catch (error) {
    if (!(error instanceof FailureError)) throw error;
    const { code, message, remedy } = error.failure;
    return { code, severity: 'blocking', message, evidence: 'sha256 of the file', remedy, source: 'inspection' };
  } finally {
    await reader.close();
  }
}

function withDigest(verdict: ImportVerdict, problem: Finding | null): ImportVerdict {
  return problem === null ? verdict : { ...verdict, findings: [...verdict.findings, problem], accepted: false };
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

async function inspect(file: string, packages: boolean): Promise<Inspection> {
  try {
    return packages
      ? await createInspector({ outputLimitBytes: PACKAGES_OUTPUT_BYTES })(file, { packages })
      : await createInspector()(file);
  } catch (error) {
    if (!(error instanceof FailureError)) throw error;
    const { code, class: kind, message, remedy } = error.failure;
    const lines = [clean(`${code}: ${message}`), ...(remedy === '' ? [] : [clean(`remedy: ${remedy}`)])];
    const exitCode = kind === 'request' ? EXIT.usage : EXIT.failed;
    throw new CommandError(
      exitCode,
      lines,
      problemDocument({ code, title: message, detail: message, remedy, exitCode }),
    );
  }
}

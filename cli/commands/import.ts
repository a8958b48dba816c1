/** `import`: asks for one import and shows it to its end. */

import { randomUUID } from 'node:crypto';
import { type Command, Option } from 'commander';
import { readImport } from '../../client/answers.js';
import { isObject } from '../../domain/json-value.js';
import { openApi, parse, SHORT_PATIENCE_MS } from '../api.js';
import { print, say } from '../console.js';
import { clean } from '../format.js';
import { type GlobalOptions, globalsOf } from '../globals.js';
import { type ImportOptions, importRequest } from '../import-request.js';
import { collect, collectPairs, count } from '../option-values.js';
import { watchToTheEnd } from '../watching.js';

interface Options extends ImportOptions, GlobalOptions {
  readonly detach?: boolean;
  readonly idempotencyKey?: string;
}

export function addImport(program: Command): void {
  program
    .command('import')
    .description('import a disk image as a custom image, and wait for it')
    .argument('[source]', 'system disk: a path, file:, http(s): or oss://bucket/key (may come from --manifest)')
    .option('--region <id>', 'region of the image, e.g. cn-hangzhou')
    .option('--bucket <name>', 'bucket to upload to, in the same region')
    .option('--name <name>', 'name of the image')
    .option('--manifest <file>', 'the request as YAML or JSON; options win over it')
    .option('--detach', 'do not wait: print the import and end')
    .option('--description <text>')
    .option('--architecture <arch>', 'i386, x86_64 or arm64')
    .option('--os-type <type>', 'linux or windows')
    .option('--platform <name>', 'the distribution, e.g. Ubuntu')
    .option('--boot-mode <mode>', 'BIOS, UEFI or UEFI-Preferred')
    .option('--license-type <type>', 'Auto, Aliyun or BYOL')
    .option('--resource-group-id <id>')
    .option('--role-name <name>', 'role that ECS reads the bucket with')
    .option('--storage-location-arn <arn>', 'for CloudBox')
    .option('--format <format>', 'of the system disk (default: told from its bytes)')
    .option('--disk-image-size <GiB>', 'of the system disk (default: its virtual size)', count)
    .option('--sha256 <hex>', 'what the bytes of the system disk must have')
    .option('--data-disk <source[,format=F][,size=GiB][,sha256=hex]>', 'a data disk; may be repeated', collect)
    .option('--tag <key=value>', 'tag of the image; may be repeated', collectPairs)
    .option('--nvme-support <value>', 'supported or unsupported')
    .option('--imds-support <value>', 'v1 or v2')
    .option('--prefix <key>', 'of uploaded objects')
    .option('--convert <how>', 'auto, never or qcow2')
    .option('--keep-object', 'keep the uploaded object')
    .option('--role <policy>', 'ensure, verify or skip the role')
    .option('--detection-strategy <name>', 'Standard or none')
    .addOption(new Option('--detection-wait', 'wait for the image detection').hideHelp())
    .option('--no-detection-wait', 'do not wait for the image detection')
    .option('--fail-on <severity>', 'what findings fail the import: blocking, warning or never')
    .option('--force', 'import in spite of what inspection finds (inspection.failOn never)')
    .option('--boot-check', 'start the image in an emulated machine before the upload (takes minutes)')
    .option('--copy-to <region>', 'copy the image there too; may be repeated', collect)
    .option('--share-with <account>', 'share the image with it; may be repeated', collect)
    .option('--dry-run', 'check everything, make nothing')
    .option('--idempotency-key <key>', 'the same key and request give the same import')
    .action(async (source: string | undefined, _options, command: Command) =>
      importImage(source, { ...command.opts<Options>(), ...globalsOf(command) }, command),
    );
}

async function importImage(source: string | undefined, options: Options, command: Command): Promise<void> {
  // Commander sets a negatable option to true when it is not given; only what was given goes into the request.
  const waitGiven = command.getOptionValueSource('detectionWait') === 'cli';
  const { detectionWait, ...others } = options;
  const given: ImportOptions = waitGiven && detectionWait !== undefined ? { ...others, detectionWait } : others;
  const request = await importRequest(source, given, process.cwd());
  const api = openApi(options);
  // With a key of its own the call may be made again when its answer is lost: one import results.
  const key = options.idempotencyKey ?? randomUUID();
  const { text } = await api.call({
    method: 'POST',
    path: '/v1/imports',
    body: request,
    headers: { 'idempotency-key': key },
    retryForMs: 4 * SHORT_PATIENCE_MS,
  });
  const view = readImport(text);
  if (options.detach === true) {
    print(options.json ? text : view.id);
    return;
  }
  if (!options.json) {
    print(`import ${view.id}`);
    for (const warning of warningsOf(text)) say(clean(`warning: ${warning}`));
  }
  await watchToTheEnd(api, view.id, options);
}

/** What the API finds odd about the request but not wrong. */
function warningsOf(text: string): readonly string[] {
  const answer = parse(text);
  if (!isObject(answer) || !Array.isArray(answer.warnings)) return [];
  return answer.warnings.filter(isObject).map((warning) => `${String(warning.path)}: ${String(warning.message)}`);
}

/** `import`: starts one import and shows it until it ends. */

import { randomUUID } from 'node:crypto';
import { type Command, Option } from 'commander';
import { readImport } from '../../client/answers.js';
import { isObject } from '../../domain/json-value.js';
import { openApi, parse, RETRY_FOR_MS } from '../api.js';
import { print, say } from '../console.js';
import { printResult } from '../document.js';
import { findApi } from '../find-api.js';
import { clean } from '../format.js';
import { type GlobalOptions, globalsOf } from '../globals.js';
import { requireReadableDisks } from '../image-folders.js';
import { type ImportOptions, importRequest } from '../import-request.js';
import { type ProgressMode, progressOption } from '../live-view.js';
import { collect, collectPairs, count, dataDisk } from '../option-values.js';
import { wrongUsage } from '../usage.js';
import { watchToEnd } from '../watching.js';

interface Options extends ImportOptions, GlobalOptions {
  readonly detach?: boolean;
  readonly idempotencyKey?: string;
  readonly progress?: ProgressMode;
}

export function addImport(program: Command): void {
  program
    .command('import')
    .description('import a disk image as a custom image and show progress until it ends or requires action')
    .argument('[source]', 'system disk: a path, file:, http(s): or oss://bucket/key; optional with --manifest')
    .option('--account <name>', 'configured account to import into (default: that of the worker’s credentials)')
    .option('--region <id>', 'region to import into, e.g. cn-hangzhou')
    .option('--bucket <name>', 'bucket for the upload, in the same region')
    .option('--name <name>', 'name of the image')
    .option('--manifest <file>', 'read the request from a YAML or JSON file; options override it')
    .option('--detach', 'print the id of the import and exit without waiting')
    .option('--description <text>', 'description of the image')
    .option('--architecture <arch>', 'architecture: i386, x86_64 or arm64')
    .option('--os-type <type>', 'operating system: linux or windows')
    .option('--platform <name>', 'distribution, e.g. Ubuntu')
    .option('--boot-mode <mode>', 'boot mode: BIOS, UEFI or UEFI-Preferred')
    .option('--license-type <type>', 'Windows licence: Auto, Aliyun or BYOL')
    .option('--resource-group-id <id>', 'resource group of the image')
    .option('--role-name <name>', 'RAM role that ECS uses to read the bucket')
    .option('--storage-location-arn <arn>', 'CloudBox to import into')
    .option('--format <format>', 'format of the system disk (default: detected)')
    .option('--disk-image-size <GiB>', 'size of the system disk (default: its virtual size)', count)
    .option('--sha256 <hex>', 'expected SHA-256 digest of the system disk')
    .option('--credential <name>', 'credential of the worker for the web server of the system disk')
    .option(
      '--data-disk <source[,format=F][,size=GiB][,sha256=hex][,credential=name]>',
      'data disk; repeatable',
      dataDisk,
    )
    .option('--tag <key=value>', 'tag of the image; repeatable', collectPairs)
    .option('--nvme-support <value>', 'NVMe support of the image: supported or unsupported')
    .option('--imds-support <value>', 'metadata access mode of the image: v1 or v2')
    .option('--prefix <key>', 'key prefix of uploaded objects')
    .option('--convert <how>', 'conversion before the upload: auto, never or qcow2')
    .option('--trim <what>', 'leave out free blocks of the file systems and swap contents: none or free-space')
    .option('--upload-endpoint <endpoint>', 'endpoint of OSS: auto, public, internal or accelerate')
    .option('--keep-object', 'keep the uploaded object after the import')
    .option('--role <policy>', 'RAM role for ECS: ensure (create if missing), verify or skip')
    .option('--detection-strategy <name>', 'image detection after the import: Standard or none')
    .addOption(new Option('--detection-wait', 'wait for the image detection').hideHelp())
    .option('--no-detection-wait', 'end the import without waiting for the image detection')
    .option(
      '--fail-on <severity>',
      'fail the import for detection findings of this severity: blocking, warning or never',
    )
    .option('--force', 'import despite blocking findings of the inspection (inspection.failOn: never)')
    .option('--boot-check', 'boot the image in a virtual machine before the upload (takes minutes)')
    .option('--copy-to <region>', 'copy the image to this region; repeatable', collect)
    .option('--share-with <account>', 'share the image with this account; repeatable', collect)
    .option('--resource-share <region=id>', 'resource share for the image in this region; repeatable', collectPairs)
    .option('--encrypt', 'encrypt the copies (default: as the account encrypts new disks in their region)')
    .option('--kms-key <region=id>', 'key that encrypts the copy in this region; repeatable', collectPairs)
    .option('--dry-run', 'run all checks but create nothing')
    .option('--idempotency-key <key>', 'a second request with the same key returns the same import')
    .addOption(progressOption())
    .action(async (source: string | undefined, _options, command: Command) =>
      importImage(source, { ...command.opts<Options>(), ...globalsOf(command) }, command),
    );
}

async function importImage(source: string | undefined, options: Options, command: Command): Promise<void> {
  if (source === undefined && options.manifest === undefined) {
    throw wrongUsage('no image given: name the path or URL of the system disk, or a manifest with --manifest', command);
  }
  // Commander sets a negatable option to true by default. Only an option that was given belongs in the request.
  const waitGiven = command.getOptionValueSource('detectionWait') === 'cli';
  const { detectionWait, ...others } = options;
  const given: ImportOptions = waitGiven && detectionWait !== undefined ? { ...others, detectionWait } : others;
  const request = await importRequest(source, given, process.cwd());
  const api = openApi(options);
  await requireReadableDisks(request.disks, await findApi(options.api, process.env).catch(() => ''), process.env);
  // The key makes it safe to retry the call after a lost answer.
  const key = options.idempotencyKey ?? randomUUID();
  const { text } = await api.call({
    method: 'POST',
    path: '/v1/imports',
    body: request,
    headers: { 'idempotency-key': key },
    retryForMs: 4 * RETRY_FOR_MS,
  });
  const view = readImport(text);
  if (options.detach === true) {
    printResult(options, text, () => view.id);
    return;
  }
  if (!options.json) {
    print(`import ${view.id}`);
    for (const warning of warningsOf(text)) say(clean(`warning: ${warning}`));
  }
  await watchToEnd(api, view.id, options);
}

function warningsOf(text: string): readonly string[] {
  const answer = parse(text);
  if (!isObject(answer) || !Array.isArray(answer.warnings)) return [];
  return answer.warnings.filter(isObject).map((warning) => `${String(warning.path)}: ${String(warning.message)}`);
}

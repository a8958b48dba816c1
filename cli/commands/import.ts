/** `import`: starts one import and shows it until it ends. */

import { randomUUID } from 'node:crypto';
import { type Command, Option } from 'commander';
import { readImport } from '../../client/answers.js';
import { openApi, RETRY_FOR_MS } from '../api.js';
import { activeProfile } from '../config-file.js';
import { print } from '../console.js';
import { printResult } from '../document.js';
import { findApi } from '../find-api.js';
import { type GlobalOptions, globalsOf } from '../globals.js';
import { requireReadableDisks } from '../image-folders.js';
import { withFilledName } from '../image-name.js';
import { type ImportOptions, requestSettings, requestWithOrigins } from '../import-request.js';
import { type ProgressMode, progressOption } from '../live-view.js';
import { addRequestOptions } from '../request-options.js';
import { withOrigins } from '../request-origins.js';
import { wrongUsage } from '../usage.js';
import { sayWarnings } from '../warnings.js';
import { watchToEnd } from '../watching.js';

interface Options extends ImportOptions, GlobalOptions {
  readonly detach?: boolean;
  readonly idempotencyKey?: string;
  readonly progress?: ProgressMode;
}

export function addImport(program: Command): void {
  const command = program
    .command('import')
    .description('import a disk image as a custom image and show progress until it ends or requires action')
    .argument('[source]', 'system disk: a path, file:, http(s): or oss://bucket/key; optional with --manifest');
  addRequestOptions(command)
    .option('--manifest <file>', 'read the request from a YAML or JSON file; options override it')
    .option('--detach', 'print the ID of the import and exit without waiting')
    .option('--idempotency-key <key>', 'a second request with the same key returns the same import')
    .addOption(progressOption())
    .addOption(new Option('--detection-wait', 'wait for the image detection').hideHelp())
    .action(async (source: string | undefined, _options, action: Command) =>
      importImage(source, { ...action.opts<Options>(), ...globalsOf(action) }, action),
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
  const typed = new Set(command.options.filter((option) => isGiven(option, command)).map(({ long }) => long ?? ''));
  const defaults = requestSettings(activeProfile(options.profile, process.env), process.env);
  const { request: template, origins } = await requestWithOrigins(source, given, {
    cwd: process.cwd(),
    typed,
    defaults,
  });
  const request = await withFilledName(template, Date.now());
  const api = openApi(options);
  await requireReadableDisks(request.disks, await findApi(options, process.env).catch(() => ''), process.env);
  // The key makes it safe to retry the call after a lost answer.
  const key = options.idempotencyKey ?? randomUUID();
  const { text } = await api
    .call({
      method: 'POST',
      path: '/v1/imports',
      body: request,
      headers: { 'idempotency-key': key },
      retryForMs: 4 * RETRY_FOR_MS,
    })
    .catch((error: unknown) => {
      throw withOrigins(error, origins);
    });
  const view = readImport(text);
  if (options.detach === true) {
    printResult(options, text, () => view.id);
    return;
  }
  if (!options.json) {
    print(`import ${view.id}`);
  }
  sayWarnings(text);
  await watchToEnd(api, view.id, { ...options, origins });
}

function isGiven(option: Option, command: Command): boolean {
  return command.getOptionValueSource(option.attributeName()) === 'cli';
}

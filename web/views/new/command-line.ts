/** The command line that starts the same import. Its option names are those of `cli/commands/import.ts`; a test compares both. */
import { isRecord } from '../../../domain/json-value.js';
import type { Json } from './draft.js';

/** Field to option. */
const OPTIONS: readonly (readonly [path: string, option: string])[] = [
  ['account', '--account'],
  ['region', '--region'],
  ['upload.bucket', '--bucket'],
  ['imageName', '--name'],
  ['description', '--description'],
  ['architecture', '--architecture'],
  ['osType', '--os-type'],
  ['platform', '--platform'],
  ['bootMode', '--boot-mode'],
  ['licenseType', '--license-type'],
  ['resourceGroupId', '--resource-group-id'],
  ['roleName', '--role-name'],
  ['storageLocationArn', '--storage-location-arn'],
  ['disks.0.format', '--format'],
  ['disks.0.diskImageSize', '--disk-image-size'],
  ['disks.0.sha256', '--sha256'],
  ['disks.0.credential', '--credential'],
  ['features.nvmeSupport', '--nvme-support'],
  ['features.imdsSupport', '--imds-support'],
  ['upload.prefix', '--prefix'],
  ['upload.convert', '--convert'],
  ['upload.trim', '--trim'],
  ['upload.endpoint', '--upload-endpoint'],
  ['role', '--role'],
  ['detection.strategy', '--detection-strategy'],
  ['detection.failOn', '--fail-on'],
];

/** Field, the value that needs a flag, and the flag. */
const FLAGS: readonly (readonly [path: string, value: unknown, flag: string])[] = [
  ['upload.keepObject', true, '--keep-object'],
  ['detection.wait', false, '--no-detection-wait'],
  ['inspection.failOn', 'never', '--force'],
  ['inspection.bootCheck', true, '--boot-check'],
  ['distribute.encrypt', true, '--encrypt'],
  ['dryRun', true, '--dry-run'],
];

const REPEATED: readonly (readonly [path: string, option: string])[] = [
  ['distribute.regions', '--copy-to'],
  ['distribute.shareWith', '--share-with'],
];

const PAIRS: readonly (readonly [path: string, option: string])[] = [
  ['tags', '--tag'],
  ['distribute.resourceShares', '--resource-share'],
  ['distribute.kmsKeyId', '--kms-key'],
];

const DISK_OPTIONS = [
  ['format', 'format'],
  ['diskImageSize', 'size'],
  ['sha256', 'sha256'],
  ['credential', 'credential'],
] as const;

/** Null: options cannot express a field of the request; a manifest can. */
export function commandLine(draft: Json): string | null {
  const left = new Map(leavesOf(draft));
  const take = (path: string) => {
    const value = left.get(path);
    left.delete(path);
    return value;
  };
  const under = (path: string) => [...left.keys()].filter((one) => one.startsWith(`${path}.`));
  const words: string[] = [];
  const source = take('disks.0.source');
  words.push(source === undefined ? 'IMAGE' : shellWord(String(source)));
  for (const [path, option] of OPTIONS) {
    const value = take(path);
    if (value !== undefined) words.push(`${option} ${shellWord(String(value))}`);
  }
  const disks: readonly unknown[] = Array.isArray(draft.disks) ? draft.disks.slice(1) : [];
  for (const [index, disk] of disks.entries()) {
    const fields = isRecord(disk) ? disk : {};
    const parts = DISK_OPTIONS.flatMap(([field, name]) =>
      take(`disks.${index + 1}.${field}`) === undefined ? [] : [`${name}=${String(fields[field])}`],
    );
    take(`disks.${index + 1}.source`);
    words.push(`--data-disk ${shellWord([String(fields.source ?? 'IMAGE'), ...parts].join(','))}`);
  }
  for (const [path, option] of PAIRS) {
    for (const key of under(path))
      words.push(`${option} ${shellWord(`${key.slice(path.length + 1)}=${String(take(key))}`)}`);
  }
  for (const [path, option] of REPEATED) {
    for (const key of under(path)) words.push(`${option} ${shellWord(String(take(key)))}`);
  }
  for (const [path, value, flag] of FLAGS) {
    if (left.get(path) !== value) continue;
    left.delete(path);
    words.push(flag);
  }
  return left.size > 0 ? null : `ecs-image-import import ${words.join(' \\\n  ')}`;
}

/** Tags may contain dots, so that a path is only compared as a whole or by its beginning. */
function leavesOf(value: unknown, path = ''): readonly (readonly [string, unknown])[] {
  if (!isRecord(value) && !Array.isArray(value)) return [[path, value]];
  return Object.entries(value).flatMap(([name, one]) => leavesOf(one, path === '' ? name : `${path}.${name}`));
}

/** For POSIX shells. */
function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

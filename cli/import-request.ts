/** Builds a request from a manifest and options. Options override the manifest. The API validates the result. */

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { parse as parseYaml } from 'yaml';
import { isObject } from '../domain/json-value.js';
import type { ActiveProfile } from './config-file.js';
import { CommandError, EXIT } from './exit.js';
import { fileProblem } from './file-problem.js';
import { clean } from './format.js';
import type { DataDisk } from './option-values.js';
import type { RequestOrigins } from './request-origins.js';

type Fields = Readonly<Record<string, unknown>>;

/** Options of `import`, with the names that commander gives them. */
export interface ImportOptions {
  readonly manifest?: string;
  readonly account?: string;
  readonly region?: string;
  readonly bucket?: string;
  readonly name?: string;
  readonly description?: string;
  readonly architecture?: string;
  readonly osType?: string;
  readonly platform?: string;
  readonly bootMode?: string;
  readonly licenseType?: string;
  readonly resourceGroupId?: string;
  readonly roleName?: string;
  readonly storageLocationArn?: string;
  readonly format?: string;
  readonly diskImageSize?: number;
  readonly sha256?: string;
  readonly credential?: string;
  readonly dataDisk?: readonly DataDisk[];
  readonly tag?: Readonly<Record<string, string>>;
  readonly nvmeSupport?: string;
  readonly imdsSupport?: string;
  readonly prefix?: string;
  readonly convert?: string;
  readonly trim?: string;
  readonly keepObject?: boolean;
  readonly uploadEndpoint?: string;
  readonly role?: string;
  readonly detectionStrategy?: string;
  readonly detectionWait?: boolean;
  readonly failOn?: string;
  readonly force?: boolean;
  readonly bootCheck?: boolean;
  readonly copyTo?: readonly string[];
  readonly shareWith?: readonly string[];
  readonly resourceShare?: Readonly<Record<string, string>>;
  readonly encrypt?: boolean;
  readonly kmsKey?: Readonly<Record<string, string>>;
  readonly dryRun?: boolean;
}

/** Fields that nothing else sets, and where each comes from. */
export interface RequestSettings {
  readonly fields: ReadonlyMap<string, string>;
  readonly tags: Readonly<Record<string, string>>;
  readonly origins: ReadonlyMap<string, string>;
}

/** ALIBABA_CLOUD_REGION_ID, and the profile of the configuration file. */
export function requestSettings({ name, settings }: ActiveProfile, env: NodeJS.ProcessEnv): RequestSettings {
  const { region, bucket, account, tags = {} } = settings;
  const fromEnv = env.ALIBABA_CLOUD_REGION_ID || undefined;
  const given: readonly (readonly [field: string, value: string | undefined, origin: string])[] = [
    ['region', fromEnv ?? region, fromEnv === undefined ? `profile ${name}` : '$ALIBABA_CLOUD_REGION_ID'],
    ['upload.bucket', bucket, `profile ${name}`],
    ['account', account, `profile ${name}`],
  ];
  const set = given.flatMap(([field, value, origin]) => (value === undefined ? [] : [{ field, value, origin }]));
  return {
    fields: new Map(set.map(({ field, value }) => [field, value])),
    tags,
    origins: new Map([
      ...set.map(({ field, origin }): [string, string] => [field, origin]),
      ...Object.keys(tags).map((key): [string, string] => [`tags.${key}`, `profile ${name}`]),
    ]),
  };
}

export async function importRequest(source: string | undefined, options: ImportOptions, cwd: string): Promise<Fields> {
  return requestOf(source, options, await manifestOf(options, cwd), cwd);
}

interface Context {
  readonly cwd: string;
  /** The options that were given, as `--boot-mode`. */
  readonly typed: ReadonlySet<string>;
  /** For fields that neither the manifest nor an option sets. */
  readonly defaults: RequestSettings;
}

export async function requestWithOrigins(
  source: string | undefined,
  options: ImportOptions,
  { cwd, typed, defaults }: Context,
): Promise<{ readonly request: Fields; readonly origins: RequestOrigins }> {
  const manifest = await manifestOf(options, cwd);
  const given = requestOf(source, options, manifest, cwd);
  const { upload, tags } = given;
  const bucket = isObject(upload) ? upload.bucket : undefined;
  // A request whose disks are in OSS needs no bucket.
  const needsBucket = !(
    Array.isArray(given.disks) && given.disks.every((disk) => isObject(disk) && isOss(disk.source))
  );
  const set = (field: string, value: unknown) => (value === undefined ? defaults.fields.get(field) : value);
  const allTags = { ...defaults.tags, ...(isObject(tags) ? tags : {}) };
  const request = withoutUnset({
    ...given,
    region: set('region', given.region),
    account: set('account', given.account),
    tags: Object.keys(defaults.tags).length === 0 || !(tags === undefined || isObject(tags)) ? tags : allTags,
    upload: needsBucket ? merged(upload, { bucket: set('upload.bucket', bucket) }) : upload,
  });
  const used = [...defaults.origins].filter(
    ([field]) => fieldAt(given, field) === undefined && fieldAt(request, field) !== undefined,
  );
  const origins: RequestOrigins = {
    options: typed,
    hasSource: source !== undefined,
    manifestDisks: Array.isArray(manifest.disks) ? manifest.disks.length : 0,
    manifest: options.manifest === undefined ? null : { file: options.manifest, fields: manifest },
    settings: new Map(used),
  };
  return { request, origins };
}

function isOss(source: unknown): boolean {
  return typeof source === 'string' && /^oss:/i.test(source);
}

/** The key of a tag may contain dots. */
function fieldAt(fields: Fields, field: string): unknown {
  const [first = '', ...rest] = field.split('.');
  const value = fields[first];
  if (rest.length === 0) return value;
  return isObject(value) ? value[rest.join('.')] : undefined;
}

async function manifestOf(options: ImportOptions, cwd: string): Promise<Fields> {
  return options.manifest === undefined ? {} : await readManifest(path.resolve(cwd, options.manifest));
}

function requestOf(source: string | undefined, options: ImportOptions, manifest: Fields, cwd: string): Fields {
  const disks = disksOf(manifest.disks, source, options, cwd);
  return withoutUnset({
    ...manifest,
    account: options.account ?? manifest.account,
    region: options.region ?? manifest.region,
    imageName: options.name ?? manifest.imageName,
    description: options.description ?? manifest.description,
    architecture: options.architecture ?? manifest.architecture,
    osType: options.osType ?? manifest.osType,
    platform: options.platform ?? manifest.platform,
    bootMode: options.bootMode ?? manifest.bootMode,
    licenseType: options.licenseType ?? manifest.licenseType,
    resourceGroupId: options.resourceGroupId ?? manifest.resourceGroupId,
    roleName: options.roleName ?? manifest.roleName,
    storageLocationArn: options.storageLocationArn ?? manifest.storageLocationArn,
    disks,
    tags: merged(manifest.tags, options.tag ?? {}),
    features: merged(manifest.features, { nvmeSupport: options.nvmeSupport, imdsSupport: options.imdsSupport }),
    upload: merged(manifest.upload, {
      bucket: options.bucket,
      prefix: options.prefix,
      convert: options.convert,
      trim: options.trim,
      keepObject: options.keepObject,
      endpoint: options.uploadEndpoint,
    }),
    role: options.role ?? manifest.role,
    detection: merged(manifest.detection, {
      strategy: options.detectionStrategy,
      wait: options.detectionWait,
      failOn: options.failOn,
    }),
    inspection: merged(manifest.inspection, {
      failOn: options.force === true ? 'never' : undefined,
      bootCheck: options.bootCheck,
    }),
    distribute: merged(manifest.distribute, {
      regions: options.copyTo,
      shareWith: options.shareWith,
      resourceShares: options.resourceShare,
      encrypt: options.encrypt,
      kmsKeyId: options.kmsKey,
    }),
    dryRun: options.dryRun ?? manifest.dryRun,
  });
}

/** Reads YAML or JSON. Relative paths in a manifest are relative to its folder. */
async function readManifest(file: string): Promise<Fields> {
  let value: unknown;
  try {
    value = parseYaml(await readFile(file, 'utf8'));
  } catch (error) {
    throw new CommandError(EXIT.usage, [
      clean(
        `can't read the manifest ${file}: ${fileProblem(error)}. Give --manifest a YAML or JSON file with a request.`,
      ),
    ]);
  }
  if (!isObject(value) || Array.isArray(value)) {
    throw new CommandError(EXIT.usage, [
      `the manifest ${file} does not contain a request: write fields such as region: cn-hangzhou`,
    ]);
  }
  const folder = path.dirname(file);
  if (!Array.isArray(value.disks)) return value;
  const disks = value.disks.map((disk: unknown) =>
    isObject(disk) && typeof disk.source === 'string' ? { ...disk, source: sourceUrl(disk.source, folder) } : disk,
  );
  return { ...value, disks };
}

/** The system disk of the command line overrides the manifest's first disk. Data disks are appended. */
function disksOf(
  fromManifest: unknown,
  source: string | undefined,
  options: ImportOptions,
  cwd: string,
): readonly unknown[] | unknown {
  if (fromManifest !== undefined && !Array.isArray(fromManifest)) return fromManifest;
  const [first, ...rest]: readonly unknown[] = fromManifest ?? [];
  const system = merged(first, {
    source: source === undefined ? undefined : sourceUrl(source, cwd),
    format: options.format,
    diskImageSize: options.diskImageSize,
    sha256: options.sha256,
    credential: options.credential,
  });
  const added = (options.dataDisk ?? []).map((disk) => ({ ...disk, source: sourceUrl(disk.source, cwd) }));
  const disks = [system, ...rest, ...added].filter((disk) => disk !== undefined);
  return disks.length === 0 ? undefined : disks;
}

/** Text without a URL scheme is a path on this machine. */
export function sourceUrl(source: string, folder: string): string {
  return /^[a-z][a-z0-9+.-]*:/i.test(source) || source === ''
    ? source
    : pathToFileURL(path.resolve(folder, source)).href;
}

/** `undefined` if neither side sets anything: the API's defaults apply. */
function merged(base: unknown, over: Fields): unknown {
  const set = withoutUnset(over);
  if (Object.keys(set).length === 0) return base;
  return isObject(base) ? { ...base, ...set } : set;
}

function withoutUnset(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

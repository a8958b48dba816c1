/** Builds a request from a manifest and options. Options override the manifest. The API validates the result. */

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { parse as parseYaml } from 'yaml';
import { isObject } from '../domain/json-value.js';
import { CommandError, EXIT } from './exit.js';
import { fileProblem } from './file-problem.js';
import { clean } from './format.js';
import type { DataDisk } from './option-values.js';

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

export async function importRequest(source: string | undefined, options: ImportOptions, cwd: string): Promise<Fields> {
  const manifest = options.manifest === undefined ? {} : await readManifest(path.resolve(cwd, options.manifest));
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

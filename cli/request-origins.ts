/** Where each field of a request comes from, and errors that name what the person typed. */
import path from 'node:path';
import { ApiProblem, faultText } from '../client/errors.js';
import { isObject, isRecord } from '../domain/json-value.js';
import { parse } from './api.js';
import { CommandError, EXIT } from './exit.js';
import { clean } from './format.js';
import { optionOfField } from './request-options.js';

export interface RequestOrigins {
  /** The options that were given, as `--boot-mode`. */
  readonly options: ReadonlySet<string>;
  /** The path of the system disk was given. */
  readonly hasSource: boolean;
  /** How many data disks were added to those of the manifest. */
  readonly manifestDisks: number;
  readonly manifest: { readonly file: string; readonly fields: unknown } | null;
  /** Fields from the environment or the profile: `$ALIBABA_CLOUD_REGION_ID`. */
  readonly settings: ReadonlyMap<string, string>;
}

/** `--region`, `web.yaml: upload.bucket`, `$ALIBABA_CLOUD_REGION_ID`; null: no one set it. */
export function originOf(
  field: string,
  { options, hasSource, manifest, manifestDisks, settings }: RequestOrigins,
): string | null {
  const disk = /^disks\[(\d+)\]/.exec(field)?.[1];
  if (disk === '0' && /\.source$/.test(field) && hasSource) return 'the image';
  if (disk !== undefined && Number(disk) >= Math.max(1, manifestDisks)) return '--data-disk';
  const option = optionOfField(field);
  if (option !== null && options.has(option)) return option;
  const setting = [...settings].find(([name]) => field === name || field.startsWith(`${name}.`));
  if (setting !== undefined) return setting[1];
  if (manifest === null || !has(manifest.fields, field)) return null;
  return `${path.basename(manifest.file)}: ${field}`;
}

function has(fields: unknown, field: string): boolean {
  const parts = field.split(/[.[\]]+/).filter((part) => part !== '');
  return parts.reduce<unknown>((at, part) => (isObject(at) ? Reflect.get(at, part) : undefined), fields) !== undefined;
}

/** The name of a field in an error: where its value comes from, else the option that would set it. */
function nameIn(field: string, origins: RequestOrigins): string {
  return originOf(field, origins) ?? optionOfField(field) ?? field;
}

/** `--name (imageName)`; `--region`, where both are the same word; `web.yaml: imageName`. */
function bothNames(field: string, origins: RequestOrigins): string {
  const name = nameIn(field, origins);
  return name.endsWith(field) || name === `--${field.toLowerCase()}` ? name : `${name} (${field})`;
}

/** A refusal of the request whose lines name options, or the original error. */
export function withOrigins(error: unknown, origins: RequestOrigins): unknown {
  if (!(error instanceof ApiProblem) || error.problem === null || error.problem.errors.length === 0) return error;
  const lines = error.problem.errors.map(({ path: field, message }) => {
    if (field === '') return clean(message);
    const name = bothNames(field, origins);
    return clean(
      message.startsWith(field) ? `${name}${message.slice(field.length)}` : faultText({ path: name, message }),
    );
  });
  return new CommandError(EXIT.usage, lines, documentWith(error.body, origins), { cause: error });
}

/** The problem document with `origin` in each of its errors. */
function documentWith(body: string, origins: RequestOrigins): string {
  const document = parse(body);
  if (!isRecord(document) || !Array.isArray(document.errors)) return body;
  const errors = document.errors.map((fault: unknown) =>
    isRecord(fault) && typeof fault.path === 'string' && fault.path !== ''
      ? { ...fault, origin: nameIn(fault.path, origins) }
      : fault,
  );
  return JSON.stringify({ ...document, errors });
}

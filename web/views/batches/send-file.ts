/** Sends a batch file: to check it, or to start it. The body is the file itself, in one of the formats of the API. */
import { type Schemas, send, urlOf } from '../../api.js';

/** The media type by the ending of the file's name. */
const TYPES: Readonly<Record<string, string>> = {
  csv: 'text/csv',
  yaml: 'application/yaml',
  yml: 'application/yaml',
  json: 'application/json',
  jsonl: 'application/jsonl',
  ndjson: 'application/jsonl',
};

export interface BatchFile {
  readonly name: string;
  readonly text: string;
}

export const ENDINGS = Object.keys(TYPES).map((ending) => `.${ending}`);

/** CSV for a name without a known ending. */
export function typeOf({ name }: BatchFile): string {
  return TYPES[name.slice(name.lastIndexOf('.') + 1).toLowerCase()] ?? 'text/csv';
}

export interface BatchSettings {
  readonly name: string;
  readonly policy: Readonly<Record<string, unknown>>;
  readonly skipInvalid: boolean;
}

export async function checkFile(
  file: BatchFile,
  settings: BatchSettings,
  signal: AbortSignal,
): Promise<Schemas['BatchCheck']> {
  const response = await send(requestOf('/v1/batches/check', file, settings, signal));
  return await response.json();
}

/** @param key the same for a repeated start of the same file */
export async function startFile(
  file: BatchFile,
  settings: BatchSettings,
  key: string,
): Promise<Schemas['CreatedBatch']> {
  const request = requestOf('/v1/batches', file, settings, AbortSignal.timeout(300_000));
  request.headers.set('idempotency-key', key);
  const response = await send(request);
  return await response.json();
}

function requestOf(path: string, file: BatchFile, settings: BatchSettings, signal: AbortSignal): Request {
  const { name, policy, skipInvalid } = settings;
  const query = {
    ...(name === '' ? {} : { name }),
    ...(Object.keys(policy).length === 0 ? {} : { policy: JSON.stringify(policy) }),
    ...(skipInvalid ? { skipInvalid: 'true' } : {}),
  };
  const headers = { 'content-type': typeOf(file) };
  return new Request(urlOf(path, { query }), { method: 'POST', headers, body: file.text, signal });
}

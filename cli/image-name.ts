/** Fills the template of an image name: `--name 'web-{date}-{sha}'`. */
import { createReadStream } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  NAME_PLACEHOLDERS,
  nameFromTemplate,
  readNameTemplate,
  SHA_DIGITS,
  sourcePlaceholder,
  timePlaceholders,
} from '../domain/image-name-template.js';
import { isRecord } from '../domain/json-value.js';
import { nearest } from '../domain/request/nearest.js';
import { say } from './console.js';
import { CommandError, EXIT } from './exit.js';
import { fileProblem } from './file-problem.js';
import { clean } from './format.js';

type Fields = Readonly<Record<string, unknown>>;

/** The request with a filled name. Throws `CommandError` for an unknown placeholder, and if a digest is not known. */
export async function withFilledName(request: Fields, now: number): Promise<Fields> {
  const { imageName, disks } = request;
  if (typeof imageName !== 'string' || !imageName.includes('{')) return request;
  const template = readNameTemplate(imageName);
  if (!template.ok) throw new CommandError(EXIT.usage, [clean(unknownPlaceholder(template.unknown))]);
  const system: unknown = Array.isArray(disks) ? disks[0] : undefined;
  const source = isRecord(system) && typeof system.source === 'string' ? system.source : '';
  const given = isRecord(system) && typeof system.sha256 === 'string' ? system.sha256 : undefined;
  const sha = template.placeholders.includes('sha') ? (given ?? (await digestOf(source))) : '';
  const values = {
    ...timePlaceholders(now),
    source: sourcePlaceholder(source),
    sha: sha.slice(0, SHA_DIGITS).toLowerCase(),
  };
  return { ...request, imageName: nameFromTemplate(imageName, values) };
}

function unknownPlaceholder(name: string): string {
  const known = Object.keys(NAME_PLACEHOLDERS);
  const near = nearest(name, known);
  const hint =
    near === null ? `placeholders are ${known.map((one) => `{${one}}`).join(', ')}` : `did you mean {${near}}?`;
  return `--name: {${name}} is not a placeholder; ${hint}`;
}

async function digestOf(source: string): Promise<string> {
  if (!/^file:\/\/\//i.test(source)) {
    throw new CommandError(EXIT.usage, [
      '--name: the digest for {sha} is not known, because the image is not a file of this host. Add --sha256 HEX.',
    ]);
  }
  // Loaded on demand: only this template needs it.
  const { createHash } = await import('node:crypto');
  const file = fileURLToPath(source);
  const hash = createHash('sha256');
  say(clean(`reading ${file} for {sha}`));
  try {
    for await (const chunk of createReadStream(file, { highWaterMark: READ_BYTES })) hash.update(chunk);
  } catch (error) {
    throw new CommandError(EXIT.usage, [clean(`can't read ${file} for {sha}: ${fileProblem(error)}`)]);
  }
  return hash.digest('hex');
}

const READ_BYTES = 1024 * 1024;

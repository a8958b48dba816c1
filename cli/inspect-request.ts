/** The request that `inspect` assumes: the options of `import` that change what an import does with the image. */
import { pathToFileURL } from 'node:url';
import type { ImportRequest } from '../domain/request/request.js';
import { validateRequest } from '../domain/request/schema.js';
import { CommandError, EXIT } from './exit.js';
import { clean } from './format.js';
import { type ImportOptions, importRequest } from './import-request.js';

/** The destination does not change the verdict. */
const ANY_DESTINATION = { region: 'cn-hangzhou', name: 'inspected-image', bucket: 'inspected-image' };

export async function inspectRequest(file: string, options: ImportOptions): Promise<ImportRequest> {
  const body = await importRequest(pathToFileURL(file).href, { ...ANY_DESTINATION, ...options }, process.cwd());
  const checked = validateRequest(body);
  if (checked.ok) return checked.request;
  const lines = checked.problems.map(({ path, message }) => clean(`${path}: ${message}`));
  throw new CommandError(EXIT.usage, lines);
}

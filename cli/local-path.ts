/** Resolves a file on this machine, given as a path or a file: URL. */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { CommandError, EXIT } from './exit.js';

export function pathOf(text: string, folder: string): string {
  if (/^file:/i.test(text)) {
    try {
      return fileURLToPath(new URL(text));
    } catch {
      throw new CommandError(EXIT.usage, [`${text} is not a local file URL: write file:///path`]);
    }
  }
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) {
    throw new CommandError(EXIT.usage, [`${text} is not a local file: download the image and give its path`]);
  }
  return path.resolve(folder, text);
}

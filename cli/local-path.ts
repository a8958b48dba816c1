/** Names of files on this machine, as a path or as a file: URL. */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { CommandError, EXIT } from './exit.js';

export function pathOf(text: string, folder: string): string {
  if (/^file:/i.test(text)) {
    try {
      return fileURLToPath(new URL(text));
    } catch {
      throw new CommandError(EXIT.usage, [`${text} names no file of this machine: write file:///path`]);
    }
  }
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) {
    throw new CommandError(EXIT.usage, [`${text} is not on this machine: download the image and give its path`]);
  }
  return path.resolve(folder, text);
}

/** English. The keys of all languages are those of this one. */
import { imports } from './imports.js';
import { overview } from './overview.js';
import { shell } from './shell.js';

export const en = { ...shell, ...imports, ...overview };

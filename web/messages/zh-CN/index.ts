/** Simplified Chinese. */
import type { Catalogue } from '../catalogue.js';
import { imports } from './imports.js';
import { overview } from './overview.js';
import { shell } from './shell.js';

export const zhCN: Catalogue = { ...shell, ...imports, ...overview };

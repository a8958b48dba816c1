/** Simplified Chinese. */
import type { Catalogue } from '../catalogue.js';
import { batches } from './batches.js';
import { estate } from './estate.js';
import { fields } from './fields.js';
import { imports } from './imports.js';
import { inspect } from './inspect.js';
import { overview } from './overview.js';
import { shell } from './shell.js';
import { start } from './start.js';

export const zhCN: Catalogue = {
  ...shell,
  ...imports,
  ...overview,
  ...start,
  ...inspect,
  ...batches,
  ...estate,
  ...fields,
};

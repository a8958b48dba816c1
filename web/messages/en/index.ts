/** English. The keys of all languages are those of this one. */
import { batches } from './batches.js';
import { estate } from './estate.js';
import { fields } from './fields.js';
import { imports } from './imports.js';
import { inspect } from './inspect.js';
import { overview } from './overview.js';
import { shell } from './shell.js';
import { start } from './start.js';

export const en = { ...shell, ...imports, ...overview, ...start, ...inspect, ...batches, ...estate, ...fields };

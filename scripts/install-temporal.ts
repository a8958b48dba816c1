/** Installs the Temporal server into the cache, where it is missing: a build takes minutes, for which no test should wait. */
import { cacheDir } from '../local/supervisor/folders.js';
import { findTemporal } from '../local/temporal/binary.js';

const { env } = process;
const say = (line: string) => console.log(line);
console.log(await findTemporal({ env, cacheDir: cacheDir(env), say, signal: new AbortController().signal }));

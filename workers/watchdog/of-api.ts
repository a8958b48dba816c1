/** The watchdog of an API process, which runs no activities. */
import os from 'node:os';
import { programVersion } from '../../store/program-version.js';
import { startWatchdog } from './watchdog.js';

export function startApiWatchdog(limitMs: number): void {
  startWatchdog({
    ...{ limitMs, reportsDir: null, databaseUrl: null, endsWithParent: false, name: 'api' },
    ...{ host: os.hostname(), version: programVersion() },
  });
}

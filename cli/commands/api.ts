/** `api`: runs one API process. */
import type { Command } from 'commander';
import { continueWhenReaderCloses } from '../console.js';
import { loadServerPart } from '../server-part.js';

export function addApi(program: Command): void {
  program
    .command('api')
    .description('run the HTTP API until SIGTERM; needs TEMPORAL_ADDRESS, DATABASE_URL and ECS_IMPORT_PORT')
    .action(async () => {
      continueWhenReaderCloses();
      // Loaded on demand: it is slow to load, and no other command needs it.
      const { runApiProcess } = await loadServerPart('api', () => import('../../api/main.js'));
      const { startApiWatchdog } = await loadServerPart('api', () => import('../../workers/watchdog/of-api.js'));
      await runApiProcess(process.env, startApiWatchdog);
    });
}

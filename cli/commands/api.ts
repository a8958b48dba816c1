/** `api`: one API process, configured by the environment. */
import type { Command } from 'commander';
import { continueWhenReaderCloses } from '../console.js';

export function addApi(program: Command): void {
  program
    .command('api')
    .description('run the HTTP API (TEMPORAL_ADDRESS, DATABASE_URL, ECS_IMPORT_PORT) until it is told to stop')
    .action(async () => {
      continueWhenReaderCloses();
      // Only here: the other commands start in a fraction of the time without it.
      const { runApi } = await import('../../api/main.js');
      await runApi(process.env);
    });
}

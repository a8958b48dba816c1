/** `worker`: runs one worker process. */
import type { Command } from 'commander';
import { continueWhenReaderCloses } from '../console.js';
import { loadServerPart } from '../server-part.js';

export function addWorker(program: Command): void {
  program
    .command('worker')
    .description('run a worker until SIGTERM; needs TEMPORAL_ADDRESS and DATABASE_URL')
    .option('--limit-rate <bytes>', 'maximum upload rate of this worker in bytes per second (500K, 12.5M)')
    .action(async (options: { readonly limitRate?: string }) => {
      continueWhenReaderCloses();
      // Loaded on demand: it is slow to load, and no other command needs it.
      const { runWorkerProcess } = await loadServerPart('worker', () => import('../../workers/main.js'));
      const limit = options.limitRate === undefined ? {} : { ECS_IMPORT_LIMIT_RATE: options.limitRate };
      await runWorkerProcess({ ...process.env, ...limit });
    });
}

/** `worker`: one worker process, configured by the environment. */
import type { Command } from 'commander';
import { continueWhenReaderCloses } from '../console.js';

export function addWorker(program: Command): void {
  program
    .command('worker')
    .description('run a worker (TEMPORAL_ADDRESS, DATABASE_URL) until it is told to stop')
    .option('--limit-rate <bytes>', 'send at most so much a second, all uploads of this worker together (500K, 12.5M)')
    .action(async (options: { readonly limitRate?: string }) => {
      continueWhenReaderCloses();
      // Only here: the other commands start in a fraction of the time without it.
      const { runWorker } = await import('../../workers/main.js');
      const limit = options.limitRate === undefined ? {} : { ECS_IMPORT_LIMIT_RATE: options.limitRate };
      await runWorker({ ...process.env, ...limit });
    });
}

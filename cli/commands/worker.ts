/** `worker`: one worker process, configured by the environment. */
import type { Command } from 'commander';
import { goOnWhenNobodyReads } from '../console.js';

export function addWorker(program: Command): void {
  program
    .command('worker')
    .description('run a worker (TEMPORAL_ADDRESS, DATABASE_URL) until it is told to stop')
    .action(async () => {
      goOnWhenNobodyReads();
      // Only here: the other commands start in a fraction of the time without it.
      const { runWorker } = await import('../../workers/main.js');
      await runWorker(process.env);
    });
}

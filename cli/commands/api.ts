/** `api`: runs one API process. */
import type { Command } from 'commander';
import { continueWhenReaderCloses } from '../console.js';
import { loadServerPart } from '../server-part.js';

export function addApi(program: Command): void {
  program
    .command('api')
    .description('run the HTTP API until SIGTERM; needs TEMPORAL_ADDRESS and DATABASE_URL')
    .option('--behind-proxy', 'a proxy with TLS is in front: other addresses than loopback need no certificate', false)
    .option('--insecure-no-auth', 'require no key: every user and program of this machine is an admin', false)
    .action(async (options: { readonly behindProxy: boolean; readonly insecureNoAuth: boolean }) => {
      continueWhenReaderCloses();
      // Loaded on demand: it is slow to load, and no other command needs it.
      const { runApiProcess } = await loadServerPart('api', () => import('../../api/main.js'));
      const { startApiWatchdog } = await loadServerPart('api', () => import('../../workers/watchdog/of-api.js'));
      const env = {
        ...process.env,
        ...(options.behindProxy ? { ECS_IMPORT_BEHIND_PROXY: 'true' } : {}),
        ...(options.insecureNoAuth ? { ECS_IMPORT_INSECURE_NO_AUTH: 'true' } : {}),
      };
      await runApiProcess(env, startApiWatchdog);
    });
}

/**
 * The file that the package entry `./worker` loads. Its types are those of index.ts. An install without optional packages
 * has no worker: the error names the missing package and how to install it.
 */
import { INSTALL_SERVER_PARTS, missingPackage } from '../domain/missing-package.js';

export const {
  ConfigError,
  createActivities,
  defaultCredentials,
  MAIN_QUEUE,
  openDependencies,
  POLL_QUEUE,
  runWorker,
  staticCredentials,
  WATCH_QUEUE,
  workerConfigFromEnvironment,
  workflowBundlePath,
} = await import('./index.js').catch((error: unknown) => {
  const missing = missingPackage(error);
  if (missing === null) throw error;
  throw new Error(
    `ecs-image-import/worker needs the package ${missing}, which is not installed: this is a client-only install. Install the server parts with \`${INSTALL_SERVER_PARTS}\``,
    { cause: error },
  );
});

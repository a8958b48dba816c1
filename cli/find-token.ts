/** The key that a command sends: ECS_IMPORT_API_TOKEN, else that of the profile or of the running `up` at the address of the API. */
import { readPrivate } from '../config/api-token.js';
import { apiTokenFile } from '../local/supervisor/folders.js';
import { liveInstances } from '../local/supervisor/instances.js';
import { otherListener } from '../local/supervisor/port-owner.js';
import { activeProfile } from './config-file.js';
import { CommandError, EXIT } from './exit.js';

/**
 * Null: no key is known. The key of a profile is sent only to the API of that profile. The key of an `up` is sent only to its own origin, and only while a process of this user listens there:
 * when its API has ended, another user can take the port.
 */
export async function findToken(baseUrl: string, env: NodeJS.ProcessEnv, profile?: string): Promise<string | null> {
  const { ECS_IMPORT_API_TOKEN: set } = env;
  if (set !== undefined && set !== '') return set;
  const { origin, port } = new URL(baseUrl);
  const { key, api: itsApi } = activeProfile(profile, env).settings;
  if (key !== undefined && itsApi !== undefined && new URL(itsApi).origin === origin) return key;
  const instance = (await liveInstances(env)).find(({ api }) => new URL(api).origin === origin);
  if (instance === undefined) return null;
  const other = otherListener(Number(port));
  if (other !== null) {
    throw new CommandError(EXIT.failed, [
      `port ${port} of the running \`up\` belongs to another user (ID ${other}): the API key was not sent. Stop \`up\`, and start it with --port 0`,
    ]);
  }
  return readPrivate(apiTokenFile(instance.dataDir));
}

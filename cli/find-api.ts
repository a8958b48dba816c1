/** The API that a command calls: `--api`, else ECS_IMPORT_API, else the profile, else a running `up` of this user. */
import { realpathSync } from 'node:fs';
import { defaultDataDir } from '../local/supervisor/folders.js';
import { liveInstances } from '../local/supervisor/instances.js';
import { activeProfile } from './config-file.js';
import { CommandError, EXIT } from './exit.js';
import type { GlobalOptions } from './globals.js';

/** Returns the URL without a trailing slash. Of several running `up`, the one with the default data folder wins. */
export async function findApi(
  { api: given, profile }: Pick<GlobalOptions, 'api' | 'profile'>,
  env: NodeJS.ProcessEnv,
): Promise<string> {
  const named = given ?? (env.ECS_IMPORT_API === '' ? undefined : env.ECS_IMPORT_API);
  if (named !== undefined) return validUrl(named, given === undefined ? 'ECS_IMPORT_API' : '--api');
  const { name, settings } = activeProfile(profile, env);
  if (settings.api !== undefined) return validUrl(settings.api, `api of profile ${name}`);

  const live = await liveInstances(env);
  const preferred = live.find((instance) => sameFolder(instance.dataDir, defaultDataDir(env)));
  const [first, ...others] = preferred === undefined ? live : [preferred];
  if (first === undefined) {
    throw new CommandError(EXIT.unreachable, [
      'no API found: start one with `ecs-image-import up`, or set --api URL, ECS_IMPORT_API or `ecs-image-import config set api URL`',
    ]);
  }
  if (others.length > 0) {
    throw new CommandError(EXIT.usage, [
      `several instances of \`up\` are running: select one with --api (${live.map(({ api, dataDir }) => `${api} for ${dataDir}`).join(', ')})`,
    ]);
  }
  return first.api;
}

function validUrl(url: string, setting: string): string {
  if (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) return url.replace(/\/+$/, '');
  throw new CommandError(EXIT.usage, [`${setting} is ${url}, which is not an HTTP URL: set http://host:port`]);
}

function sameFolder(one: string, other: string): boolean {
  try {
    return realpathSync(one) === realpathSync(other);
  } catch {
    return false;
  }
}

/** Which API a command speaks to: `--api`, ECS_IMPORT_API, else the `up` that lives on this machine. */
import { realpathSync } from 'node:fs';
import { defaultDataDir } from '../local/supervisor/folders.js';
import { liveInstances } from '../local/supervisor/instances.js';
import { CommandError, EXIT } from './exit.js';

/** The address without a slash at its end. */
export async function findApi(given: string | undefined, env: NodeJS.ProcessEnv): Promise<string> {
  const named = given ?? (env.ECS_IMPORT_API === '' ? undefined : env.ECS_IMPORT_API);
  if (named !== undefined) return checked(named, given === undefined ? 'ECS_IMPORT_API' : '--api');

  const live = await liveInstances(env);
  const preferred = live.find((instance) => sameFolder(instance.dataDir, defaultDataDir(env)));
  const [first, ...others] = preferred === undefined ? live : [preferred];
  if (first === undefined) {
    throw new CommandError(EXIT.failed, [
      'no API found: start one with `ecs-image-import up`, or give --api URL (or set ECS_IMPORT_API)',
    ]);
  }
  if (others.length > 0) {
    throw new CommandError(EXIT.usage, [
      `several \`up\` run here: say which with --api (${live.map(({ api, dataDir }) => `${api} for ${dataDir}`).join(', ')})`,
    ]);
  }
  return first.api;
}

function checked(url: string, from: string): string {
  if (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) return url.replace(/\/+$/, '');
  throw new CommandError(EXIT.usage, [`${from} is ${url}: give http://host:port`]);
}

function sameFolder(one: string, other: string): boolean {
  try {
    return realpathSync(one) === realpathSync(other);
  } catch {
    return false;
  }
}

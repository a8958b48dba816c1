/** Checks of `doctor` that ask the API: the API itself, the workers of each task queue, and the targets of webhooks. */
import { type DoctorCheck, failed, ok, skipped, warning } from '../domain/checkup.js';
import { isObject } from '../domain/json-value.js';
import { openApi, parse } from './api.js';

/** @param api its URL; null if none is known */
export async function checkService(api: string | null, env: NodeJS.ProcessEnv): Promise<readonly DoctorCheck[]> {
  if (api === null) {
    return ['API', 'task queues', 'webhooks'].map((name) =>
      skipped(name, 'no service is running, and --api names none'),
    );
  }
  const read = async (path: string) => parse((await openApi({ api }, env).call({ method: 'GET', path })).text);
  try {
    const service: unknown = await read('/v1/overview?hours=1');
    return [ok('API', api), queueCheck(service), await webhookCheck(() => read('/v1/webhooks'))];
  } catch (error) {
    const found = `${api}: ${messageOf(error)}`;
    const remedy =
      'Start the service with `ecs-image-import up`, correct --api, or set a key that may read the service.';
    return [failed('API', found, remedy, 'service'), ...notAsked(['task queues', 'webhooks'])];
  }
}

function notAsked(names: readonly string[]): readonly DoctorCheck[] {
  return names.map((name) => skipped(name, 'the API cannot be asked'));
}

/** A queue without a worker matters while imports wait for it: a host may have been retired. */
function queueCheck(service: unknown): DoctorCheck {
  const name = 'task queues';
  const queues = isObject(service) && Array.isArray(service.queues) ? service.queues.filter(isObject) : null;
  if (queues === null) return skipped(name, 'the API does not report them: it is of an earlier version');
  if (queues.length === 0)
    return failed(
      name,
      'no worker has polled one within a day',
      'Start a worker: `ecs-image-import worker`.',
      'not-ready',
    );
  const without = queues.filter(({ workers }) => workers === 0);
  const awaited = without.filter(({ waiting }) => Number(waiting) > 0).map(({ queue }) => String(queue));
  if (awaited.length > 0) {
    const remedy = 'Start the worker of this host, or set ECS_IMPORT_WORKER_HOST of another one to its name.';
    return failed(name, `imports wait for ${awaited.join(', ')}, which no worker polls`, remedy, 'not-ready');
  }
  if (without.length > 0) {
    const remedy = 'Nothing waits for them. If their host was not retired, start its worker.';
    return warning(name, `no worker polls ${without.map(({ queue }) => String(queue)).join(', ')} any more`, remedy);
  }
  return ok(name, `${queues.length} polled: ${queues.map(({ queue }) => String(queue)).join(', ')}`);
}

async function webhookCheck(read: () => Promise<unknown>): Promise<DoctorCheck> {
  const name = 'webhooks';
  try {
    const list = await read();
    const webhooks = isObject(list) && Array.isArray(list.webhooks) ? list.webhooks.filter(isObject) : null;
    if (webhooks === null) return skipped(name, 'the API does not report them');
    const bad = webhooks.filter(({ state }) => state !== 'enabled');
    if (webhooks.length === 0) return skipped(name, 'there is none');
    if (bad.length === 0) return ok(name, `${webhooks.length} enabled, their latest deliveries arrived`);
    const found = bad.map(({ id, state, url }) => `${id} (${url}) is ${state}`).join('; ');
    return warning(name, found, 'ecs-image-import webhooks deliveries ID shows why; webhooks enable ID after the fix.');
  } catch (error) {
    return skipped(name, messageOf(error), 'Set a key of an admin to check them.');
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
}

/** The client of the API for the commands: finds the API, and turns every failure into lines for a person. */
import { readImport } from '../client/answers.js';
import { ApiProblem, ApiUnreachableError, UnexpectedAnswerError } from '../client/errors.js';
import { createTransport, type Transport } from '../client/transport.js';
import { importPath } from '../client/watch.js';
import type { ImportView } from '../domain/import.js';
import { CommandError, EXIT } from './exit.js';
import { findApi } from './find-api.js';
import { clean } from './format.js';
import type { GlobalOptions } from './globals.js';

export { parse } from '../client/transport.js';
export { importPath };

export type Api = Transport;

/** A supervised API that died is back sooner. */
export const SHORT_PATIENCE_MS = 3_000;

export function openApi(options: Pick<GlobalOptions, 'api'>, env: NodeJS.ProcessEnv = process.env): Api {
  const token = env.ECS_IMPORT_API_TOKEN;
  return createTransport({
    // For every attempt: an `up` that was restarted may listen on another port.
    baseUrl: () => findApi(options.api, env).catch(asUnreachable),
    ...(token === undefined || token === '' ? {} : { token }),
  });
}

/** A watch continues when the `up` that it follows comes back. */
function asUnreachable(error: unknown): never {
  const noApi = error instanceof CommandError && error.exitCode === EXIT.failed;
  throw noApi ? new ApiUnreachableError(null, error.message, { cause: error }) : error;
}

/** One import; `ApiProblem` when there is none. */
export async function getImport(api: Api, id: string): Promise<{ readonly view: ImportView; readonly text: string }> {
  const { text } = await api.call({ method: 'GET', path: importPath(id), retryForMs: SHORT_PATIENCE_MS });
  return { view: readImport(text), text };
}

/** What a person is told of a failed call, one fact a line; null for any other error. */
export function apiFailure(error: unknown): CommandError | null {
  if (error instanceof ApiProblem) return refusal(error);
  if (error instanceof UnexpectedAnswerError) {
    return new CommandError(EXIT.failed, [clean(error.message.replace('the address of the API', '--api'))]);
  }
  if (!(error instanceof ApiUnreachableError)) return null;
  if (error.cause instanceof CommandError) return error.cause;
  const line = `the API at ${error.baseUrl} can't be reached (${error.reason}): start it with \`ecs-image-import up\`, or check --api`;
  return new CommandError(EXIT.failed, [clean(line)], null, { cause: error });
}

function refusal(error: ApiProblem): CommandError {
  // The caller can fix a 4xx: wrong usage. The service has to recover from the others.
  const exitCode = error.status >= 400 && error.status < 500 ? EXIT.usage : EXIT.failed;
  const errors = error.problem?.errors ?? [];
  const lines =
    errors.length > 0
      ? errors.map(({ path, message }) => clean(path === '' ? message : `${path}: ${message}`))
      : [clean(error.message)];
  return new CommandError(exitCode, lines, error.problem === null ? null : error.body, { cause: error });
}

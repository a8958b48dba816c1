/** The API client of the commands: finds the API and formats its failures as messages. */
import os from 'node:os';
import { readImport } from '../client/answers.js';
import { ApiProblem, ApiUnreachableError, faultText, UnexpectedAnswerError } from '../client/errors.js';
import { createTransport, TEXT, type Transport, textOf } from '../client/transport.js';
import type { ImportView } from '../domain/import.js';
import { programVersion } from '../store/program-version.js';
import { CommandError, EXIT, type ExitCode } from './exit.js';
import { findApi } from './find-api.js';
import { findToken } from './find-token.js';
import { clean } from './format.js';
import type { GlobalOptions } from './globals.js';

export { parse, TEXT, textOf } from '../client/transport.js';

export type Api = Transport;

/** How long a call is retried while the API is unreachable. The supervisor restarts a failed API sooner. */
export const RETRY_FOR_MS = 3_000;

export function openApi(options: Pick<GlobalOptions, 'api' | 'profile'>, env: NodeJS.ProcessEnv = process.env): Api {
  return createTransport({
    // Resolved for every attempt: a restarted `up` may listen on another port.
    baseUrl: () => findApi(options, env).catch(asUnreachable),
    token: (baseUrl) => findToken(baseUrl, env, options.profile),
    userAgent: `ecs-image-import/${programVersion()}`,
    ...callingUser(),
    ...traceOf(env),
  });
}

const TRACEPARENT = /^[\da-f]{2}-[\da-f]{32}-[\da-f]{16}-[\da-f]{2}$/;

/** Of the pipeline that runs this command: tools that trace pass it in this variable. */
function traceOf({ TRACEPARENT: traceparent }: NodeJS.ProcessEnv): { readonly traceparent?: string } {
  return traceparent !== undefined && TRACEPARENT.test(traceparent) ? { traceparent } : {};
}

/** The user and the host of this process; the API records them as stated. */
function callingUser(): { readonly user?: string } {
  try {
    return { user: `${os.userInfo().username}@${os.hostname()}` };
  } catch {
    // A user ID without a name, as in some containers.
    return { user: `${process.getuid?.() ?? 'unknown'}@${os.hostname()}` };
  }
}

/** Makes "no API found" a connection error, so that a watch continues when a stopped `up` starts again. */
function asUnreachable(error: unknown): never {
  const noApi = error instanceof CommandError && error.exitCode === EXIT.unreachable;
  throw noApi ? new ApiUnreachableError(null, error.message, { cause: error }) : error;
}

/** Throws `ApiProblem` if the import does not exist. */
export async function getImport(api: Api, id: string): Promise<{ readonly view: ImportView; readonly text: string }> {
  const text = await textOf(
    api.typed({ retryForMs: RETRY_FOR_MS }).GET('/v1/imports/{id}', { params: { path: { id } }, ...TEXT }),
  );
  return { view: readImport(text), text };
}

/** The messages for a failed API call; null for any other error. */
export function apiFailure(error: unknown): CommandError | null {
  if (error instanceof ApiProblem) return refusal(error);
  if (error instanceof UnexpectedAnswerError) {
    return new CommandError(EXIT.failed, [clean(error.message.replace('the address of the API', '--api'))]);
  }
  if (!(error instanceof ApiUnreachableError)) return null;
  if (error.cause instanceof CommandError) return error.cause;
  const line = `the API at ${error.baseUrl} can't be reached (${error.reason}): start it with \`ecs-image-import up\`, or correct --api`;
  return new CommandError(EXIT.unreachable, [clean(line)], null, { cause: error });
}

/** Remedies of the API name requests; these are the commands that send them. */
const COMMANDS: readonly (readonly [request: string, command: string])[] = [
  ['GET /v1/imports/waiting', '`ecs-image-import list --waiting`'],
  ['GET /v1/imports', '`ecs-image-import list`'],
  ['GET /v1/batches', '`ecs-image-import batch list`'],
  ['GET /v1/keys', '`ecs-image-import keys list`'],
  ['GET /v1/webhooks', '`ecs-image-import webhooks list`'],
  ['GET /readyz', '`ecs-image-import status`'],
];

function inCommands(text: string): string {
  return COMMANDS.reduce((changed, [request, command]) => changed.replaceAll(request, command), text);
}

function refusal(error: ApiProblem): CommandError {
  const exitCode = exitCodeOf(error.status);
  const errors = error.problem?.errors ?? [];
  const lines =
    errors.length > 0 ? errors.map((fault) => clean(inCommands(faultText(fault)))) : [clean(inCommands(error.message))];
  return new CommandError(exitCode, lines, error.problem === null ? null : error.body, { cause: error });
}

/** The user can fix the cause of a 4xx answer. 502 and 504 come from a proxy whose API does not answer. */
function exitCodeOf(status: number): ExitCode {
  if (status === 503) return EXIT.notReady;
  if (status === 502 || status === 504) return EXIT.unreachable;
  return status >= 400 && status < 500 ? EXIT.usage : EXIT.failed;
}

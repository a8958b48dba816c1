/** A server of the local stack can't be started or reached. The message is one line with the cause and the remedy. */
export class StackError extends Error {
  override readonly name: string = 'StackError';
}

/** A server that this program does not start does not answer. The command line ends with the exit code of `UnreachableError`. */
export class ServerUnreachable extends StackError {
  override readonly name = 'UnreachableError';
}

/** The error code of Node.js (`ENOENT`, `EADDRINUSE` …), or null. */
export function errorCode(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

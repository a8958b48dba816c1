/** A server of the local stack can't be started or reached. The message is one line with the cause and the remedy. */
export class StackError extends Error {
  override readonly name = 'StackError';
}

/** The error code of Node.js (`ENOENT`, `EADDRINUSE` …), or null. */
export function errorCode(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

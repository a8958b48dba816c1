/** The end of a server process because of an error: one line in its log, in the format of all other lines. */
import { ConfigError } from './environment.js';

/** The process has logged its cause: nothing more is to be printed. */
export class LoggedError extends Error {
  override readonly name = 'LoggedError';
  constructor(cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

/** Logs the error of `run` as one line and throws `LoggedError` instead. */
export async function logErrorOf(
  log: { fatal(attributes: object, message: string): void },
  run: () => Promise<void>,
): Promise<void> {
  try {
    await run();
  } catch (error) {
    const message = (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';
    log.fatal(error instanceof ConfigError ? {} : { error: error instanceof Error ? error.stack : undefined }, message);
    throw new LoggedError(error);
  }
}

/**
 * Node.js would print these as text among the JSON lines: warnings, and an error or rejection that no code handles, which ends the
 * process with exit code 1 as without this.
 */
export function logProblemsOfProcess(log: {
  warn(attributes: object, message: string): void;
  fatal(attributes: object, message: string): void;
}): void {
  process.removeAllListeners('warning');
  process.on('warning', ({ name, message, stack }) => log.warn({ stack }, `${name}: ${message}`));
  process.on('uncaughtException', (error: unknown) => {
    const { message, stack } = error instanceof Error ? error : new Error(String(error));
    log.fatal({ stack }, `the process ends: ${message}`);
    process.exit(1);
  });
}

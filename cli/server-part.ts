/** Loads code that only servers need: an install without optional packages has the client commands alone. */
import { CommandError, EXIT } from './exit.js';

/** Rejects with `CommandError` that names the missing package and the command to install it. */
export async function loadServerPart<Part>(command: string, load: () => Promise<Part>): Promise<Part> {
  try {
    return await load();
  } catch (error) {
    const missing = missingPackage(error);
    if (missing === null) throw error;
    throw new CommandError(
      EXIT.failed,
      [
        `\`${command}\` needs the package ${missing}, which is not installed: this is a client-only install`,
        'Install the server parts with `npm install --include=optional ecs-image-import`',
      ],
      null,
      { cause: error },
    );
  }
}

function missingPackage(error: unknown): string | null {
  if (!(error instanceof Error) || !('code' in error)) return null;
  if (error.code !== 'ERR_MODULE_NOT_FOUND' && error.code !== 'MODULE_NOT_FOUND') return null;
  return /Cannot find (?:package|module) '([^'./][^']*)'/.exec(error.message)?.[1] ?? null;
}

/** Loads code that only servers need: an install without optional packages has the client commands alone. */
import { INSTALL_SERVER_PARTS, missingPackage } from '../domain/missing-package.js';
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
        `Install the server parts with \`${INSTALL_SERVER_PARTS}\``,
      ],
      null,
      { cause: error },
    );
  }
}

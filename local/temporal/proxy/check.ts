/** Tests in the network namespace that the proxy and the server can run there. */
import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { promisify } from 'node:util';
import { endingWithParent, listenPrivately } from './inside.js';

/** Its name has no meaning to a server that still runs. */
const SOCKET = 'check.sock';

/**
 * Rejects with the reason. In a user namespace, root cannot use files of other users, and not every file system has Unix
 * sockets.
 */
export async function checkInside(server: string): Promise<void> {
  await access(server, constants.X_OK);
  const [file, ...args] = endingWithParent(['true']);
  await promisify(execFile)(file, args);
  const listener = await listenPrivately(SOCKET, () => undefined);
  listener.close();
}

/** Which worker reads an import's files: `file://HOST/path` names it, `file:///path` means the API's own. */
import { fileQueue, MAIN_QUEUE } from '../domain/process-names.js';
import type { ImportRequest } from '../domain/request/request.js';

export type QueueChoice =
  | { readonly ok: true; readonly fileQueue: string }
  | { readonly ok: false; readonly reason: string };

export function queueOf(request: ImportRequest, defaultHost: string): QueueChoice {
  const files = request.disks.map((disk) => new URL(disk.source)).filter((url) => url.protocol === 'file:');
  const hosts = new Set(files.map((url) => (url.host === '' || url.host === 'localhost' ? defaultHost : url.host)));
  const [host, ...others] = hosts;
  if (host === undefined) return { ok: true, fileQueue: MAIN_QUEUE };
  if (others.length === 0) return { ok: true, fileQueue: fileQueue(host) };
  return { ok: false, reason: `the disks lie on several hosts (${[...hosts].join(', ')}): bring them to one` };
}

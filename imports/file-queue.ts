/** The task queue of the worker that reads an import's sources: the host in the source's URL, or the default host of the API. */
import { fileQueue, MAIN_QUEUE } from '../domain/process-names.js';
import type { ImportRequest } from '../domain/request/request.js';
import { workerHostOf } from '../domain/request/source-rules.js';

export type QueueChoice =
  | { readonly ok: true; readonly fileQueue: string }
  | { readonly ok: false; readonly reason: string };

export function queueOf(request: ImportRequest, defaultHost: string): QueueChoice {
  const named = request.disks.map(({ source }) => workerHostOf(source)).filter((host) => host !== null);
  const hosts = new Set(named.map((host) => host || defaultHost));
  const [host, ...others] = hosts;
  if (host === undefined) return { ok: true, fileQueue: MAIN_QUEUE };
  if (others.length === 0) return { ok: true, fileQueue: fileQueue(host) };
  return { ok: false, reason: `the disks are on several hosts (${[...hosts].join(', ')}): copy them to one` };
}

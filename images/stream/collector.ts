/**
 * Collects objects when the caller knows that much of their memory is outside of the heap: V8 would do it only after tens of
 * MiB. A collection of the young ones takes about a millisecond, of all of them tens of milliseconds.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

export function createCollector(which: 'young' | 'all'): () => void {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  if (typeof collect !== 'function') return () => undefined;
  return () => void collect({ type: which === 'young' ? 'minor' : 'major' });
}

/**
 * Memory for the parts of a disk that is read in order, so that its source is hashed meanwhile. A part is hashed after the ones
 * before it, for which it waits while it has memory of its own. So a part takes memory after the ones before it, and one that
 * needs memory once more, before its bytes are hashed, gets it before the later ones: they give up theirs.
 */
import type { PartBlocks, PartMemory } from '../../images/stream/part-memory.js';
import { abortable, eitherOf } from '../../sources/abortable.js';

/** The part in the order of the disk. */
export interface Turn {
  /** Waits for the memory. */
  take(segments: number, signal: AbortSignal): Promise<PartBlocks>;
  /** Aborts when an earlier part needs the memory that was taken last. */
  readonly displaced: AbortSignal;
  /** The bytes are hashed, or the part is not built: no other part waits for it. */
  end(): void;
}

interface Place {
  needsMemory: boolean;
  displace: AbortController;
}

/** @param upload the same object for all parts of an upload */
export function createOrderedMemory(memory: PartMemory, upload: object) {
  /** In order. */
  const places: Place[] = [];
  let changed = deferred();

  const change = () => {
    const before = changed;
    changed = deferred();
    before.resolve();
  };
  const untilNext = async (place: Place, signal: AbortSignal): Promise<void> => {
    while (places.find(({ needsMemory }) => needsMemory) !== place) await abortable(changed.promise, signal);
  };

  return {
    /** Call it in the order of the disk. */
    nextTurn(): Turn {
      const place: Place = { needsMemory: true, displace: new AbortController() };
      places.push(place);
      return {
        get displaced() {
          return place.displace.signal;
        },
        async take(segments, signal) {
          place.needsMemory = true;
          for (const later of places.slice(places.indexOf(place) + 1))
            later.displace.abort(new Error('an earlier part needs the memory'));
          for (;;) {
            place.displace = new AbortController();
            await untilNext(place, signal);
            const stop = eitherOf(signal, place.displace.signal);
            try {
              const blocks = await memory.take(segments, stop.signal, upload);
              place.needsMemory = false;
              change();
              return blocks;
            } catch (error) {
              if (signal.aborted || !place.displace.signal.aborted) throw error;
            } finally {
              stop.end();
            }
          }
        },
        end() {
          const at = places.indexOf(place);
          if (at < 0) return;
          places.splice(at, 1);
          change();
        },
      };
    },
  };
}

function deferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

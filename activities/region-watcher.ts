/**
 * One poller a region and worker, however many imports wait: it asks for up to 100 tasks and 100 images a call, and more
 * seldom the longer the youngest of them has been waiting.
 */
import type { Cloud, ImageView, TaskView } from '../alibaba/cloud.js';
import { FailureError } from '../domain/failure.js';

export interface WatcherPace {
  /** Between two polls while something new is waiting; ms. */
  readonly pollFirstMs: number;
  /** The longest time between two polls; ms. */
  readonly pollMaxMs: number;
  /** For so long polls may fail before those who wait are told; ms. */
  readonly patienceMs: number;
}

export interface Sighting {
  /** Null: the cloud does not know the task (any more), or none was asked for. */
  readonly task: TaskView | null;
  /** Null: the cloud does not know the image (any more). */
  readonly image: ImageView | null;
}

export interface Watched {
  readonly imageId: string;
  readonly taskId: string | null;
}

export interface RegionWatchers {
  /** What the next poll of the region sees. Rejects with a failure that waiting cannot mend, or when aborted. */
  next(region: string, watched: Watched, signal: AbortSignal): Promise<Sighting>;
}

interface Waiting extends Watched {
  readonly resolve: (sighting: Sighting) => void;
  readonly reject: (error: unknown) => void;
}

/** A tenth of the time waited so far keeps the delay of the news below a tenth of the whole. */
const SHARE_OF_WAIT = 0.1;

export function createRegionWatchers(cloud: Cloud, pace: WatcherPace): RegionWatchers {
  const regions = new Map<string, RegionWatcher>();
  return {
    next(region, watched, signal) {
      let watcher = regions.get(region);
      if (watcher === undefined) {
        watcher = new RegionWatcher(region, cloud, pace);
        regions.set(region, watcher);
      }
      return watcher.next(watched, signal);
    },
  };
}

class RegionWatcher {
  private readonly waiting = new Set<Waiting>();
  /** When each image was first asked for: tells how young the youngest is. */
  private readonly firstAsked = new Map<string, number>();
  private timer: NodeJS.Timeout | null = null;
  private dueAt = Number.POSITIVE_INFINITY;
  private polling = false;
  private failures = 0;
  private failingSince = 0;

  constructor(
    private readonly region: string,
    private readonly cloud: Cloud,
    private readonly pace: WatcherPace,
  ) {}

  next(watched: Watched, signal: AbortSignal): Promise<Sighting> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const now = Date.now();
      if (!this.firstAsked.has(watched.imageId)) this.firstAsked.set(watched.imageId, now);
      const entry: Waiting = {
        ...watched,
        resolve: (sighting) => settle(() => resolve(sighting)),
        reject: (error) => settle(() => reject(error)),
      };
      const onAbort = () => {
        this.firstAsked.delete(watched.imageId);
        entry.reject(signal.reason);
      };
      const settle = (answer: () => void) => {
        signal.removeEventListener('abort', onAbort);
        this.waiting.delete(entry);
        answer();
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.waiting.add(entry);
      this.schedule();
    });
  }

  /** The time until the next poll, from the age of the youngest. */
  private delayMs(): number {
    const now = Date.now();
    const youngest = Math.min(...[...this.waiting].map((entry) => now - (this.firstAsked.get(entry.imageId) ?? now)));
    const wanted = Math.max(this.pace.pollFirstMs, youngest * SHARE_OF_WAIT);
    return Math.min(this.pace.pollMaxMs, wanted * 2 ** Math.min(this.failures, 6));
  }

  private schedule(): void {
    if (this.polling || this.waiting.size === 0) return;
    const dueAt = Date.now() + this.delayMs();
    // A new one may be due sooner than the poll that the old ones wait for, and never puts that one off.
    if (this.timer !== null && dueAt >= this.dueAt) return;
    if (this.timer !== null) clearTimeout(this.timer);
    this.dueAt = dueAt;
    this.timer = setTimeout(() => void this.poll(), dueAt - Date.now());
  }

  private async poll(): Promise<void> {
    this.timer = null;
    this.polling = true;
    const asked = [...this.waiting];
    try {
      const ecs = this.cloud.ecs(this.region);
      const taskIds = [...new Set(asked.flatMap((entry) => (entry.taskId === null ? [] : [entry.taskId])))];
      const imageIds = [...new Set(asked.map((entry) => entry.imageId))];
      const [tasks, images] = await Promise.all([
        taskIds.length === 0 ? [] : ecs.describeTasks({ taskIds }),
        ecs.describeImages({ imageIds }),
      ]);
      const taskById = new Map(tasks.map((task) => [task.taskId, task]));
      const imageById = new Map(images.map((image) => [image.imageId, image]));
      this.failures = 0;
      for (const entry of asked) {
        const task = entry.taskId === null ? null : (taskById.get(entry.taskId) ?? null);
        entry.resolve({ task, image: imageById.get(entry.imageId) ?? null });
      }
      this.forgetTheGone(asked);
    } catch (error) {
      if (this.failures === 0) this.failingSince = Date.now();
      this.failures += 1;
      const patient = Date.now() - this.failingSince < this.pace.patienceMs;
      const passing =
        patient &&
        error instanceof FailureError &&
        (error.failure.class === 'transient' || error.failure.class === 'throttled');
      // What passes by itself is waited out here, for all at once; the rest each import must hear of.
      if (!passing) for (const entry of asked) entry.reject(error);
    } finally {
      this.polling = false;
      this.schedule();
    }
  }

  /** An image that nobody asks for again within the longest pause is done with. */
  private forgetTheGone(asked: readonly Waiting[]): void {
    setTimeout(() => {
      const still = new Set([...this.waiting].map((entry) => entry.imageId));
      for (const entry of asked) if (!still.has(entry.imageId)) this.firstAsked.delete(entry.imageId);
    }, 1_000).unref();
  }
}

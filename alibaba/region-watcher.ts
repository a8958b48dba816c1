/**
 * One poller per region and worker, for any number of waiting imports. An import is polled less often the longer it has
 * waited. One call polls up to 100 imports and is filled up with those that are due next.
 */

import { type Failure, FailureError } from '../domain/errors/failure.js';
import type { Cloud } from './cloud.js';
import type { EcsApi, ImageView, TaskView } from './ecs-api.js';

export interface PollTiming {
  /** Interval between the first polls of an image, after an early one; ms. */
  readonly pollFirstMs: number;
  /** Maximum interval between two polls of an image; ms. */
  readonly pollMaxMs: number;
  /** How long polls may fail before the error is passed on to waiting callers; ms. */
  readonly patienceMs: number;
}

export interface ImageObservation {
  /** Null: the task does not exist (any more), or none was given. */
  readonly task: TaskView | null;
  /** Null: the image does not exist (any more). While its task runs, this may be outdated or not polled yet. */
  readonly image: ImageView | null;
}

export interface Watched {
  readonly imageId: string;
  readonly taskId: string | null;
}

export interface RegionWatchers {
  /** The result of the next poll. Rejects with a failure that waiting cannot fix, or if aborted. */
  next(region: string, watched: Watched, signal: AbortSignal, onRetry?: OnRetry): Promise<ImageObservation>;
}

/** Receives a failure that waiting may fix. @param timing when the next attempt starts, and after which time a failure ends the wait */
export type OnRetry = (failure: Failure, timing: { readonly nextMs: number; readonly givesUpMs: number }) => void;

/** A watched image, and its state between polls. */
interface Subject extends Watched {
  readonly firstAskedMs: number;
  dueMs: number;
  /** From the last poll. */
  image: ImageView | null;
  waiting: Waiting[];
  /** Time since which no caller waits for it. */
  leftMs: number;
}

interface Waiting {
  readonly resolve: (observation: ImageObservation) => void;
  readonly reject: (error: unknown) => void;
  readonly onRetry: OnRetry | undefined;
}

/** Of the first interval: a copy or an import that the cloud finishes immediately is seen soon. Polls of the region keep their distance. */
const FIRST_POLL_SHARE = 0.1;
/** Polling after a tenth of the time waited so far keeps the delay below a tenth of the total time. */
const SHARE_OF_WAIT = 0.1;
/** The vendor's limit of IDs per call. */
const IDS_PER_CALL = 100;
/** Above this number of waiting imports, the poll interval grows up to five times, because each call then serves more imports. */
const SLOWDOWN_FROM = 40;
const MAX_SLOWDOWN = 5;
/** While its task runs, an image shows only its progress, so every fourth poll includes it. */
const POLLS_PER_IMAGE_POLL = 4;

export function createRegionWatchers(cloud: Cloud, timing: PollTiming): RegionWatchers {
  const regions = new Map<string, RegionWatcher>();
  return {
    next(region, watched, signal, onRetry) {
      let watcher = regions.get(region);
      if (watcher === undefined) {
        watcher = new RegionWatcher(() => cloud.ecs(region), timing);
        regions.set(region, watcher);
      }
      return watcher.next(watched, signal, onRetry);
    },
  };
}

class RegionWatcher {
  private readonly subjects = new Map<string, Subject>();
  private timer: NodeJS.Timeout | null = null;
  private timerDueMs = Number.POSITIVE_INFINITY;
  private polling = false;
  private polls = 0;
  private polledMs = Number.NEGATIVE_INFINITY;
  private waitingCount = 0;
  private failures = 0;
  private failingSinceMs = 0;

  constructor(
    private readonly ecs: () => EcsApi,
    private readonly timing: PollTiming,
  ) {}

  next(watched: Watched, signal: AbortSignal, onRetry?: OnRetry): Promise<ImageObservation> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const subject = this.subjectOf(watched);
      const settled = () => {
        signal.removeEventListener('abort', onAbort);
        subject.waiting = subject.waiting.filter((other) => other !== waiting);
        subject.leftMs = Date.now();
        this.waitingCount -= 1;
      };
      const waiting: Waiting = {
        resolve: (observation) => {
          settled();
          resolve(observation);
        },
        reject: (error) => {
          settled();
          reject(error);
        },
        onRetry,
      };
      const onAbort = () => waiting.reject(signal.reason);
      signal.addEventListener('abort', onAbort, { once: true });
      subject.waiting.push(waiting);
      this.waitingCount += 1;
      this.pollBy(subject.dueMs);
    });
  }

  private subjectOf(watched: Watched): Subject {
    const key = `${watched.imageId} ${watched.taskId}`;
    const known = this.subjects.get(key);
    if (known !== undefined) return known;
    const now = Date.now();
    const subject: Subject = {
      ...watched,
      firstAskedMs: now,
      dueMs: now + this.timing.pollFirstMs * FIRST_POLL_SHARE,
      image: null,
      waiting: [],
      leftMs: now,
    };
    this.subjects.set(key, subject);
    return subject;
  }

  /** The one that is due first comes first. */
  private awaited(): Subject[] {
    const awaited = [...this.subjects.values()].filter((subject) => subject.waiting.length > 0);
    return awaited.sort((one, other) => one.dueMs - other.dueMs);
  }

  /** The minimum time between two polls of the region. */
  private gapMs(): number {
    const slowdown = Math.min(MAX_SLOWDOWN, Math.max(1, this.waitingCount / SLOWDOWN_FROM));
    return Math.min(this.timing.pollMaxMs, this.timing.pollFirstMs * slowdown * 2 ** Math.min(this.failures, 6));
  }

  private pollBy(wantedMs: number): void {
    if (this.polling) return;
    const dueMs = Math.max(Date.now(), wantedMs, this.polledMs + this.gapMs());
    // A new subject may be due before the scheduled poll, and never delays it.
    if (this.timer !== null && dueMs >= this.timerDueMs) return;
    if (this.timer !== null) clearTimeout(this.timer);
    this.timerDueMs = dueMs;
    this.timer = setTimeout(() => void this.poll(), dueMs - Date.now());
  }

  /** The subjects that are due, and as many of the next ones as fit into the same calls. */
  private choose(): Subject[] {
    const awaited = this.awaited();
    const due = awaited.filter((subject) => subject.dueMs <= Date.now()).length;
    return awaited.slice(0, Math.ceil(due / IDS_PER_CALL) * IDS_PER_CALL);
  }

  private async poll(): Promise<void> {
    this.timer = null;
    this.polling = true;
    const subjects = this.choose();
    try {
      await this.observe(subjects);
      this.failures = 0;
    } catch (error) {
      if (this.failures === 0) this.failingSinceMs = Date.now();
      this.failures += 1;
      const waiting = subjects.flatMap((subject) => subject.waiting);
      const givesUpMs = this.failingSinceMs + this.timing.patienceMs;
      // A transient error is retried here for all subjects. Any other error is passed on to each import.
      if (Date.now() < givesUpMs && isTransient(error)) {
        const nextMs = Date.now() + this.gapMs();
        for (const { onRetry } of waiting) onRetry?.(error.failure, { nextMs, givesUpMs });
      } else for (const { reject } of waiting) reject(error);
    } finally {
      this.polling = false;
      this.polledMs = Date.now();
      this.forget();
      const [soonest] = this.awaited();
      if (soonest !== undefined) this.pollBy(soonest.dueMs);
    }
  }

  private async observe(subjects: readonly Subject[]): Promise<void> {
    const ecs = this.ecs();
    const taskIds = subjects.flatMap(({ taskId }) => (taskId === null ? [] : [taskId]));
    const tasks = taskIds.length === 0 ? [] : await ecs.describeTasks({ taskIds: [...new Set(taskIds)] });
    const taskById = new Map(tasks.map((task) => [task.taskId, task]));
    const taskOf = ({ taskId }: Subject) => (taskId === null ? null : (taskById.get(taskId) ?? null));

    this.polls += 1;
    const includesAllImages = this.polls % POLLS_PER_IMAGE_POLL === 0;
    // The image's status decides, so it is omitted only while its task is known to run.
    const withImage = includesAllImages
      ? subjects
      : subjects.filter((subject) => taskOf(subject)?.status !== 'Processing');
    const imageIds = [...new Set(withImage.map((subject) => subject.imageId))];
    const images = imageIds.length === 0 ? [] : await ecs.describeImages({ imageIds });
    const imageById = new Map(images.map((image) => [image.imageId, image]));
    for (const subject of withImage) subject.image = imageById.get(subject.imageId) ?? null;

    const now = Date.now();
    for (const subject of subjects) {
      const intervalMs = Math.max(this.timing.pollFirstMs, (now - subject.firstAskedMs) * SHARE_OF_WAIT);
      subject.dueMs = now + Math.min(this.timing.pollMaxMs, intervalMs);
      const observation = { task: taskOf(subject), image: subject.image };
      for (const waiting of subject.waiting) waiting.resolve(observation);
    }
  }

  /** Removes subjects for which no caller has waited within the maximum poll interval. */
  private forget(): void {
    const before = Date.now() - this.timing.pollMaxMs;
    for (const [key, subject] of this.subjects) {
      if (subject.waiting.length === 0 && subject.leftMs < before) this.subjects.delete(key);
    }
  }
}

function isTransient(error: unknown): error is FailureError {
  return error instanceof FailureError && (error.failure.class === 'transient' || error.failure.class === 'throttled');
}

/**
 * One poller a region and worker, however many imports wait. Each is looked at more seldom the longer it has been waiting,
 * up to 100 in a call, and calls that are made anyway are filled up with those that are due next.
 */

import { FailureError } from '../domain/errors/failure.js';
import type { Cloud, EcsApi, ImageView, TaskView } from './cloud.js';

export interface WatcherPace {
  /** Between two looks at what is new; ms. */
  readonly pollFirstMs: number;
  /** The longest time between two looks; ms. */
  readonly pollMaxMs: number;
  /** For so long polls may fail before those who wait are told; ms. */
  readonly patienceMs: number;
}

export interface ImageObservation {
  /** Null: the cloud does not know the task (any more), or none was asked for. */
  readonly task: TaskView | null;
  /** Null: the cloud does not know the image (any more). While its task runs it may be old, or not looked at yet. */
  readonly image: ImageView | null;
}

export interface Watched {
  readonly imageId: string;
  readonly taskId: string | null;
}

export interface RegionWatchers {
  /** What the next look at it sees. Rejects with a failure that waiting cannot mend, or when aborted. */
  next(region: string, watched: Watched, signal: AbortSignal): Promise<ImageObservation>;
}

/** What somebody waits for, and what is remembered of it from one look to the next. */
interface Subject extends Watched {
  readonly firstAskedMs: number;
  dueMs: number;
  /** As last seen. */
  image: ImageView | null;
  waiting: Waiting[];
  /** Since when nobody waits for it. */
  leftMs: number;
}

interface Waiting {
  readonly resolve: (sighting: ImageObservation) => void;
  readonly reject: (error: unknown) => void;
}

/** A tenth of the time waited so far keeps the delay of the news below a tenth of the whole. */
const SHARE_OF_WAIT = 0.1;
/** The vendor's limit of ids in a call. */
const IDS_A_CALL = 100;
/** From so many waiting imports on polls become more seldom, up to five times: the more there are, the more each call serves. */
const MANY = 40;
const SELDOMER_AT_MOST = 5;
/** While its task runs, an image tells no more than how far it is: every so many polls are enough. */
const POLLS_A_LOOK_AT_IMAGES = 4;

export function createRegionWatchers(cloud: Cloud, pace: WatcherPace): RegionWatchers {
  const regions = new Map<string, RegionWatcher>();
  return {
    next(region, watched, signal) {
      let watcher = regions.get(region);
      if (watcher === undefined) {
        watcher = new RegionWatcher(() => cloud.ecs(region), pace);
        regions.set(region, watcher);
      }
      return watcher.next(watched, signal);
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
    private readonly pace: WatcherPace,
  ) {}

  next(watched: Watched, signal: AbortSignal): Promise<ImageObservation> {
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
        resolve: (sighting) => {
          settled();
          resolve(sighting);
        },
        reject: (error) => {
          settled();
          reject(error);
        },
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
      dueMs: now + this.pace.pollFirstMs,
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

  /** The least time between two polls of the region. */
  private gapMs(): number {
    const seldomer = Math.min(SELDOMER_AT_MOST, Math.max(1, this.waitingCount / MANY));
    return Math.min(this.pace.pollMaxMs, this.pace.pollFirstMs * seldomer * 2 ** Math.min(this.failures, 6));
  }

  private pollBy(wantedMs: number): void {
    if (this.polling) return;
    const dueMs = Math.max(Date.now(), wantedMs, this.polledMs + this.gapMs());
    // A new one may be due sooner than the poll that the old ones wait for, and never puts that one off.
    if (this.timer !== null && dueMs >= this.timerDueMs) return;
    if (this.timer !== null) clearTimeout(this.timer);
    this.timerDueMs = dueMs;
    this.timer = setTimeout(() => void this.poll(), dueMs - Date.now());
  }

  /** Those that are due, and as many of the next as fit into the same calls. */
  private choose(): Subject[] {
    const awaited = this.awaited();
    const due = awaited.filter((subject) => subject.dueMs <= Date.now()).length;
    return awaited.slice(0, Math.ceil(due / IDS_A_CALL) * IDS_A_CALL);
  }

  private async poll(): Promise<void> {
    this.timer = null;
    this.polling = true;
    const asked = this.choose();
    try {
      await this.look(asked);
      this.failures = 0;
    } catch (error) {
      if (this.failures === 0) this.failingSinceMs = Date.now();
      this.failures += 1;
      const patient = Date.now() - this.failingSinceMs < this.pace.patienceMs;
      const passing =
        patient &&
        error instanceof FailureError &&
        (error.failure.class === 'transient' || error.failure.class === 'throttled');
      // What passes by itself is waited out here, for all at once; the rest each import must hear of.
      if (!passing) for (const subject of asked) for (const waiting of subject.waiting) waiting.reject(error);
    } finally {
      this.polling = false;
      this.polledMs = Date.now();
      this.forget();
      const [soonest] = this.awaited();
      if (soonest !== undefined) this.pollBy(soonest.dueMs);
    }
  }

  private async look(asked: readonly Subject[]): Promise<void> {
    const ecs = this.ecs();
    const taskIds = asked.flatMap(({ taskId }) => (taskId === null ? [] : [taskId]));
    const tasks = taskIds.length === 0 ? [] : await ecs.describeTasks({ taskIds: [...new Set(taskIds)] });
    const taskById = new Map(tasks.map((task) => [task.taskId, task]));
    const taskOf = ({ taskId }: Subject) => (taskId === null ? null : (taskById.get(taskId) ?? null));

    this.polls += 1;
    const lookAtAll = this.polls % POLLS_A_LOOK_AT_IMAGES === 0;
    // The image decides: it is left out only where its task is known to run.
    const withImage = lookAtAll ? asked : asked.filter((subject) => taskOf(subject)?.status !== 'Processing');
    const imageIds = [...new Set(withImage.map((subject) => subject.imageId))];
    const images = imageIds.length === 0 ? [] : await ecs.describeImages({ imageIds });
    const imageById = new Map(images.map((image) => [image.imageId, image]));
    for (const subject of withImage) subject.image = imageById.get(subject.imageId) ?? null;

    const now = Date.now();
    for (const subject of asked) {
      const patience = Math.max(this.pace.pollFirstMs, (now - subject.firstAskedMs) * SHARE_OF_WAIT);
      subject.dueMs = now + Math.min(this.pace.pollMaxMs, patience);
      const sighting = { task: taskOf(subject), image: subject.image };
      for (const waiting of subject.waiting) waiting.resolve(sighting);
    }
  }

  /** What nobody has asked for again within the longest pause is done with. */
  private forget(): void {
    const before = Date.now() - this.pace.pollMaxMs;
    for (const [key, subject] of this.subjects) {
      if (subject.waiting.length === 0 && subject.leftMs < before) this.subjects.delete(key);
    }
  }
}

/** One import, kept up to date by its event stream. */
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { isRecord } from '../../../domain/json-value.js';
import { type ApiError, get, type Schemas } from '../../api.js';
import { followImport, type ImportEvent } from '../../live/events.js';
import { usePolled } from '../../live/poll.js';

export type Import = Schemas['Import'];
export type RecordedEvent = ImportEvent & { readonly id: number };

/** What was transferred at a time. */
export interface Sample {
  /** Seconds since 1970. */
  readonly at: number;
  readonly bytesDone: number;
  readonly bytesPerSecond: number | null;
}

export interface LiveImport {
  readonly view: Import | null;
  readonly error: ApiError | null;
  readonly events: readonly RecordedEvent[];
  readonly samples: readonly Sample[];
  readonly reload: () => void;
}

/** A finished change writes several events. */
const SETTLE_MS = 150;
const SAMPLES = 600;
/** In case of an event that was lost, and for what has no event. */
const EVERY_MS = 15_000;

export function useImport(id: string): LiveImport {
  const polled = usePolled(id, EVERY_MS, (signal) => get('/v1/imports/{id}', { path: { id }, signal }));
  const events = useSignal<readonly RecordedEvent[]>([]);
  const samples = useSignal<readonly Sample[]>([]);
  /** Of the stream: newer than the last answer, until another one comes. */
  const progress = useSignal<Pick<Import, 'progress' | 'waitingFor'> | null>(null);
  const refused = useSignal<ApiError | null>(null);
  const { data, reload } = polled;
  const latest = useRef(reload);
  latest.current = reload;

  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const arrived: RecordedEvent[] = [];
    let frame = 0;
    const stop = followImport(id, {
      onEvent(event, eventId) {
        if (eventId === null) {
          const read = readProgress(event);
          if (read === null) return;
          progress.value = read;
          samples.value = withSample(samples.value, event.at, read.progress);
          return;
        }
        arrived.push({ ...event, id: eventId });
        // The stream begins with all events that there are.
        cancelAnimationFrame(frame);
        frame = requestAnimationFrame(() => {
          events.value = [...arrived];
        });
        clearTimeout(timer);
        timer = setTimeout(() => latest.current(), SETTLE_MS);
      },
      onRefused(error) {
        refused.value = error;
      },
    });
    return () => {
      stop();
      clearTimeout(timer);
      cancelAnimationFrame(frame);
    };
  }, [id]);

  useEffect(() => {
    progress.value = null;
  }, [data]);

  const view = data === null ? null : { ...data, ...(data.state === 'running' ? progress.value : null) };
  return { view, error: polled.error ?? refused.value, events: events.value, samples: samples.value, reload };
}

function withSample(samples: readonly Sample[], at: string, { bytesDone, bytesPerSecond }: Import['progress']) {
  if (bytesDone === null) return samples;
  const sample = { at: Date.parse(at) / 1_000, bytesDone, bytesPerSecond };
  return [...samples.slice(1 - SAMPLES), sample];
}

/** The detail of a progress event is the progress, with `waitingFor` if it waits. */
function readProgress({ phase, detail }: ImportEvent): Pick<Import, 'progress' | 'waitingFor'> | null {
  const number = (name: string) => (typeof detail[name] === 'number' ? detail[name] : null);
  const percent = number('percent');
  if (percent === null) return null;
  return {
    progress: {
      ...{ phase, percent, bytesDone: number('bytesDone'), bytesTotal: number('bytesTotal') },
      ...{ bytesPerSecond: number('bytesPerSecond'), etaSeconds: number('etaSeconds') },
    },
    waitingFor: readWait(detail.waitingFor),
  };
}

function readWait(value: unknown): Import['waitingFor'] {
  if (!isRecord(value)) return null;
  const text = (from: Readonly<Record<string, unknown>>, name: string) => {
    const found = from[name];
    return typeof found === 'string' ? found : null;
  };
  const { retry } = value;
  const wait = {
    ...{ queue: text(value, 'queue'), host: text(value, 'host') },
    ...{ since: text(value, 'since') ?? '', message: text(value, 'message') ?? '' },
  };
  if (!isRecord(retry)) return wait;
  const of = (name: string) => text(retry, name) ?? '';
  return {
    ...wait,
    retry: {
      ...{ code: of('code'), message: of('message'), remedy: of('remedy') },
      ...{ since: of('since'), nextAt: of('nextAt'), givesUpAt: of('givesUpAt') },
    },
  };
}

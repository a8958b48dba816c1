/**
 * A history as it is kept in a file: the names of its events for people, and its bytes for replay. The SDK's own JSON of
 * histories cannot be used where two copies of protobufjs are installed.
 */
import proto from '@temporalio/proto';
import { z } from 'zod';

const { History: HistoryType } = proto.temporal.api.history.v1;

export type History = proto.temporal.api.history.v1.IHistory;

export interface StoredHistory {
  readonly events: readonly string[];
  /** The protobuf message, base64. */
  readonly history: string;
}

/** @param clean changes every text in it, those within payloads too */
export function packHistory(history: History, clean: (text: string) => string): StoredHistory {
  const plain = HistoryType.toObject(HistoryType.fromObject(history), { bytes: Buffer });
  const packed = HistoryType.encode(HistoryType.fromObject(cleaned(plain, clean))).finish();
  const events = (history.events ?? []).map(({ eventType }) => eventNames[Number(eventType)] ?? String(eventType));
  return { events, history: Buffer.from(packed).toString('base64') };
}

export function unpackHistory({ history }: StoredHistory): History {
  return HistoryType.decode(Buffer.from(history, 'base64'));
}

export function firstRunOf({ events }: History): string {
  const runId = events?.[0]?.workflowExecutionStartedEventAttributes?.firstExecutionRunId;
  if (!runId) throw new Error('the history does not name its first run');
  return runId;
}

/** The patches whose new path the run has taken. */
export function patchesIn({ events }: History): readonly string[] {
  return (events ?? []).flatMap(({ markerRecordedEventAttributes: marker }) => {
    if (marker?.markerName !== 'core_patch') return [];
    const data = marker.details?.['patch-data']?.payloads?.[0]?.data;
    if (!data) throw new Error('a patch without its ID');
    return [patchMarker.parse(JSON.parse(Buffer.from(data).toString())).id];
  });
}

const patchMarker = z.object({ id: z.string() });

const eventNames: Readonly<Record<number, string>> = Object.fromEntries(
  Object.entries(proto.temporal.api.enums.v1.EventType).flatMap(([name, value]) =>
    typeof value === 'number' ? [[value, name.replace(/^EVENT_TYPE_/, '')]] : [],
  ),
);

function cleaned(value: unknown, clean: (text: string) => string): Record<string, unknown> {
  const walk = (one: unknown): unknown => {
    if (typeof one === 'string') return clean(one);
    if (Buffer.isBuffer(one)) return Buffer.from(clean(one.toString()));
    if (Array.isArray(one)) return one.map(walk);
    // Long numbers and the like stay as they are.
    if (typeof one !== 'object' || one === null || Object.getPrototypeOf(one) !== Object.prototype) return one;
    return Object.fromEntries(
      Object.entries(one)
        .filter(([name]) => name !== 'stackTrace')
        .map(([name, field]) => [name, walk(field)]),
    );
  };
  const result = walk(value);
  if (typeof result !== 'object' || result === null) throw new Error('no history');
  return Object.fromEntries(Object.entries(result));
}

/**
 * The actions by which Temporal Cloud bills an import (docs.temporal.io/evaluate/cloud/actions), counted without a server: the
 * events of stored histories, and the heartbeats of phases of a known length. docs/scale.md has the measured numbers.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { heartbeatEveryMs } from '../../activities/heartbeat.js';
import { DEFAULT_ACTIVITY_TIMING } from '../../domain/process-names.js';
import { longTimeoutMs } from '../../workflows/activity-options.js';
import { type History, type StoredHistory, unpackHistory } from './stored-history.js';

function historyOf(name: string): History {
  const stored: StoredHistory = JSON.parse(readFileSync(path.join(import.meta.dirname, `${name}.json`), 'utf8'));
  return unpackHistory(stored);
}

/** The attribute in which the SDK lists the patches of a workflow: its change is not billed. */
const PATCHES = 'TemporalChangeVersion';

/** Without heartbeats, which are not in the history. */
function billedEvents({ events }: History): number {
  const all = events ?? [];
  const markerTasks = new Set(
    all.flatMap(({ markerRecordedEventAttributes: marker }) =>
      marker ? [String(marker.workflowTaskCompletedEventId)] : [],
    ),
  );
  const others = all.filter(
    (event) =>
      event.workflowExecutionStartedEventAttributes ||
      event.activityTaskScheduledEventAttributes ||
      event.timerStartedEventAttributes ||
      event.workflowExecutionSignaledEventAttributes ||
      event.startChildWorkflowExecutionInitiatedEventAttributes ||
      isBilledUpsert(event),
  );
  return others.length + markerTasks.size;
}

function isBilledUpsert({ upsertWorkflowSearchAttributesEventAttributes: upsert }: NonNullable<History['events']>[0]) {
  return upsert ? !(PATCHES in (upsert.searchAttributes?.indexedFields ?? {})) : false;
}

const heartbeats = (seconds: number, timeoutMs: number) => Math.floor((seconds * 1_000) / heartbeatEveryMs(timeoutMs));

const UPLOAD_SECONDS = 43;
const CLOUD_SECONDS = 20 * 60;

test('a plain import → at most 8 billed actions without heartbeats', () => {
  expect(billedEvents(historyOf('fewer-activities'))).toBeLessThanOrEqual(8);
});

test('an import with a search attribute that stops and fails → each activity, signal and change counts', () => {
  expect(billedEvents(historyOf('separate-activities'))).toBe(14);
});

test('an import of 5 GiB at 1 Gbit/s that takes the cloud 20 minutes → at most 30 billed actions', () => {
  const upload = heartbeats(UPLOAD_SECONDS, DEFAULT_ACTIVITY_TIMING.heartbeatTimeoutMs);
  const watch = heartbeats(CLOUD_SECONDS, longTimeoutMs(DEFAULT_ACTIVITY_TIMING));
  expect(billedEvents(historyOf('fewer-activities')) + upload + watch).toBeLessThanOrEqual(30);
});

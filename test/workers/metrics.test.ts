/** The metrics of a worker: what a Prometheus server finds before anything has happened, and after calls to the cloud. */
import { Registry } from 'prom-client';
import { describe, expect, test } from 'vitest';
import { announceCall } from '../../alibaba/call-events.js';
import { CLOUD_ACTIONS } from '../../domain/cloud-calls.js';
import { fail } from '../../domain/errors/index.js';
import { recordSdkMetrics } from '../../telemetry/temporal-metrics.js';
import { addCloudMetrics, createActivityMetrics } from '../../workers/metrics.js';
import { CALLS } from '../faults/scenarios.js';

const call = (action: string) => ({ service: 'ecs' as const, action, region: 'cn-hangzhou', bucket: null });

describe('the metrics of a worker', () => {
  test('show every call of the lifecycle with zero from the start', async () => {
    const registry = new Registry();
    addCloudMetrics(registry)();
    const text = await registry.metrics();
    const missing = CALLS.filter(
      ({ service, action }) =>
        !text.includes(
          `ecs_image_import_cloud_calls_total{service="${service}",action="${action}",outcome="throttled"} 0`,
        ),
    );
    expect(missing).toEqual([]);
    expect(Object.values(CLOUD_ACTIONS).flat().length).toBeGreaterThan(40);
  });

  test('count a call by its outcome, with one that was aborted, and not after they are stopped', async () => {
    const registry = new Registry();
    const stop = addCloudMetrics(registry);
    const throttled = fail('Throttling.Budget', 'too many', { service: 'ecs', action: 'ImportImage' });
    await announceCall(call('ImportImage'), async () => 'ok');
    await expect(announceCall(call('ImportImage'), () => Promise.reject(throttled))).rejects.toBe(throttled);
    await expect(announceCall(call('ImportImage'), () => Promise.reject(new Error('aborted')))).rejects.toThrow();
    stop();
    await announceCall(call('ImportImage'), async () => 'ok');
    const text = await registry.metrics();
    for (const outcome of ['ok', 'throttled', 'aborted']) {
      expect(text).toContain(
        `ecs_image_import_cloud_calls_total{service="ecs",action="ImportImage",outcome="${outcome}"} 1`,
      );
    }
    expect(text).toContain('ecs_image_import_cloud_call_duration_seconds_count{service="ecs",action="ImportImage"} 3');
  });

  test('show the time that an ended import spent in each phase', async () => {
    const registry = new Registry();
    createActivityMetrics(registry).ended('succeeded', {
      createdAt: new Date(Date.now() - 120_000).toISOString(),
      timeline: [
        { phase: 'accepted', startedAt: '2026-01-01T00:00:00Z', endedAt: '2026-01-01T00:00:01Z' },
        { phase: 'upload', startedAt: '2026-01-01T00:00:01Z', endedAt: '2026-01-01T00:01:31Z' },
      ],
    });
    const text = await registry.metrics();
    expect(text).toContain('ecs_image_import_phase_duration_seconds_sum{phase="upload"} 90');
    expect(text).toContain('ecs_image_import_phase_duration_seconds_count{phase="cleanup"} 0');
    expect(text).toContain('ecs_image_import_import_duration_seconds_bucket{le="300",state="succeeded"} 1');
    expect(text).toContain('ecs_image_import_ended_imports_total{state="failed"} 0');
  });

  test('keep of Temporal’s tags only those with few values', async () => {
    const registry = new Registry();
    const record = recordSdkMetrics(registry);
    const latency = { name: 'temporal_activity_schedule_to_start_latency', kind: 'histogram', unit: 's' };
    record([
      { metric: latency, value: 0.2, attributes: { task_queue: 'q', workflow_id: 'import/imp-1' } },
      { metric: latency, value: 0.4, attributes: { task_queue: 'q', workflow_id: 'import/imp-2' } },
      { metric: { name: 'temporal_long_request', kind: 'counter' }, value: 2, attributes: {} },
    ]);
    const text = await registry.metrics();
    expect(text).toContain('temporal_activity_schedule_to_start_latency_seconds_count{task_queue="q"} 2');
    expect(text).toContain('temporal_long_request_total 2');
    expect(text).not.toContain('imp-1');
  });
});

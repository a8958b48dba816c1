/** What operators see of one import: its trace, the metrics and the log of the real processes. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { ImportView } from '../../domain/import.js';
import { type Service, startService } from '../support/e2e/service.js';
import { type CollectedSpan, startOtlpServer } from '../support/telemetry/otlp-server.js';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = '00f067aa0ba902b7';

let collector: Awaited<ReturnType<typeof startOtlpServer>>;
let service: Service;
let view: ImportView;

beforeAll(async () => {
  collector = await startOtlpServer();
  service = await startService({
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_BSP_SCHEDULE_DELAY: '200',
      ECS_IMPORT_HEALTH_PORT: '0',
    },
  });
  const id = await service.start({}, { traceparent: `00-${TRACE}-${PARENT}-01` });
  view = await service.untilState(id, 'succeeded', 'failed');
});
afterAll(async () => {
  await service?.stop();
  collector?.stop();
});

function linesOf(part: 'worker' | 'api'): readonly Record<string, unknown>[] {
  const text = readFileSync(path.join(service.dataDir, 'logs', `${part}.log`), 'utf8').trim();
  // Fails on a line that is not JSON.
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line): Record<string, unknown> => JSON.parse(line));
}

async function metricsOf(part: 'worker' | 'api'): Promise<string> {
  const url = linesOf(part).find(({ msg }) => msg === 'health checks and metrics are served')?.url;
  const ready: unknown = await (await fetch(`${url}/readyz`)).json();
  expect(ready).toMatchObject({ status: 'ready' });
  return await (await fetch(`${url}/metrics`)).text();
}

describe('one import', () => {
  test('is one tree of spans, from the request with its trace to each call to the cloud', async () => {
    expect(view.state).toBe('succeeded');
    const ofTrace = () => collector.spans.filter(({ traceId }) => traceId === TRACE);
    await vi.waitFor(() => expect(ofTrace().map(({ name }) => name)).toContain('RunActivity:cleanUp'), 10_000);
    await vi.waitFor(() => expect(ofTrace().map(({ name }) => name)).toContain('POST /v1/imports'), 5_000);
    const spans = new Map(ofTrace().map((span) => [span.spanId, span]));
    const rootOf = (span: CollectedSpan): string => {
      const parent = spans.get(span.parentSpanId);
      return parent === undefined ? span.parentSpanId : rootOf(parent);
    };
    for (const span of spans.values())
      expect({ name: span.name, root: rootOf(span) }).toEqual({ name: span.name, root: PARENT });
    const named = (name: string) => [...spans.values()].find((span) => span.name === name);
    expect(named('POST /v1/imports')?.parentSpanId).toBe(PARENT);
    expect(named('StartWorkflow:importImage')?.parentSpanId).toBe(named('POST /v1/imports')?.spanId);
    expect(named('RunActivity:upload')?.parentSpanId).toBe(named('StartWorkflow:importImage')?.spanId);
    const call = named('ecs.ImportImage');
    expect(spans.get(call?.parentSpanId ?? '')?.name).toBe('RunActivity:startImport');
    expect(named('oss.UploadPart')?.attributes).toMatchObject({
      'ecs_image_import.import_id': view.id,
      'ecs_image_import.phase': 'upload',
      'ecs_image_import.attempt': 1,
      'ecs_image_import.bucket': 'test-bucket',
      'ecs_image_import.outcome': 'ok',
      'ecs_image_import.cloud_request_id': expect.stringMatching(/\w/),
    });
    const text = JSON.stringify([...collector.spans]);
    expect(text).not.toMatch(/Signature|security-token|emulator-secret|Authorization/i);
  });

  test('moves the metrics, of which none names it', async () => {
    const [worker, api] = [await metricsOf('worker'), await metricsOf('api')];
    expect(worker).toContain('ecs_image_import_ended_imports_total{state="succeeded"} 1');
    expect(worker).toContain('ecs_image_import_ended_imports_total{state="failed"} 0');
    expect(worker).toMatch(
      /ecs_image_import_cloud_calls_total\{service="oss",action="UploadPart",outcome="ok"\} [1-9]/,
    );
    expect(worker).toMatch(/^ecs_image_import_sent_bytes_total [1-9]/m);
    expect(worker).toMatch(
      /^temporal_activity_schedule_to_start_latency_seconds_count\{.*task_queue="ecs-image-import-uploads.*\} [1-9]/m,
    );
    expect(api).toContain('ecs_image_import_imports{state="succeeded"} 1');
    expect(api).toContain('ecs_image_import_imports_in_phase{phase="upload",state="running"} 0');
    expect(api).toMatch(
      /ecs_image_import_task_queue_backlog_tasks\{task_queue="ecs-image-import",kind="activity"\} \d/,
    );
    expect(api).toContain('ecs_image_import_temporal_up 1');
    expect(worker + api).not.toContain(view.id);
  });

  test('has lines of JSON with its ID, phase, attempt and trace, and no warning', async () => {
    const worker = linesOf('worker');
    const uploaded = worker.find(({ msg }) => msg === 'uploaded');
    expect(uploaded).toMatchObject({ level: 'info', importId: view.id, phase: 'upload', attempt: 1, traceId: TRACE });
    const [request, ...others] = linesOf('api').filter(({ msg, method }) => msg === 'request' && method === 'POST');
    expect(others).toEqual([]);
    expect(request).toMatchObject({ path: '/v1/imports', status: 202, traceId: TRACE, requestId: expect.any(String) });
    const severe = [...worker, ...linesOf('api')].filter(({ level }) => !['info', 'debug'].includes(String(level)));
    expect(severe).toEqual([]);
  });
});

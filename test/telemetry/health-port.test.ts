import { afterEach, describe, expect, test } from 'vitest';
import { type HealthPort, openHealthPort } from '../../telemetry/health-port.js';
import { createProcessHealth } from '../../telemetry/process-health.js';

const metrics = { contentType: 'text/plain', text: async () => 'up 1\n' };
let open: HealthPort[] = [];

async function portOf(health = createProcessHealth(50), port = 0): Promise<HealthPort> {
  const opened = await openHealthPort({ host: '127.0.0.1', port, health, metrics });
  open.push(opened);
  return opened;
}

afterEach(async () => {
  await Promise.all(open.map((port) => port.close()));
  open = [];
});

async function readiness(url: string): Promise<{ status: number; report: unknown }> {
  const response = await fetch(`${url}/readyz`);
  return { status: response.status, report: await response.json() };
}

describe('the health port', () => {
  test('is alive but not ready while the process starts', async () => {
    const { url } = await portOf();
    expect((await fetch(`${url}/livez`)).status).toBe(200);
    expect(await readiness(url)).toEqual({ status: 503, report: { status: 'starting', checks: [] } });
  });

  test('is ready when all checks pass, and shows which one does not', async () => {
    const health = createProcessHealth(50);
    const { url } = await portOf(health);
    let cache: () => Promise<string> = async () => 'writable';
    health.started([{ name: 'cache', probe: () => cache() }]);
    expect(await readiness(url)).toMatchObject({ status: 200, report: { status: 'ready' } });
    cache = () => Promise.reject(new Error('/cache: EROFS'));
    expect(await readiness(url)).toEqual({
      status: 503,
      report: { status: 'not ready', checks: [{ name: 'cache', ok: false, message: '/cache: EROFS' }] },
    });
  });

  test('reports a check without an answer as failed, and stays alive', async () => {
    const health = createProcessHealth(20);
    const { url } = await portOf(health);
    health.started([{ name: 'postgresql', probe: () => new Promise(() => undefined) }]);
    expect(await readiness(url)).toMatchObject({
      status: 503,
      report: { checks: [{ name: 'postgresql', ok: false, message: 'no answer within 20 ms' }] },
    });
    expect((await fetch(`${url}/livez`)).status).toBe(200);
  });

  test('reports draining after a signal to stop, also during a check', async () => {
    const health = createProcessHealth(200);
    const { url } = await portOf(health);
    let pass: (found: string) => void = () => undefined;
    health.started([
      {
        name: 'pollers',
        probe: () =>
          new Promise((resolve) => {
            pass = resolve;
          }),
      },
    ]);
    const during = health.report();
    health.drain();
    pass('polls');
    expect((await during).status).toBe('draining');
    const later = readiness(url);
    setTimeout(() => pass('polls'), 20);
    expect(await later).toMatchObject({ status: 503, report: { status: 'draining' } });
  });

  test('serves metrics, and nothing but its three paths by GET and HEAD', async () => {
    const { url } = await portOf();
    expect(await (await fetch(`${url}/metrics`)).text()).toBe('up 1\n');
    const head = await fetch(`${url}/metrics`, { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
    expect((await fetch(`${url}/v1/imports`)).status).toBe(404);
    expect((await fetch(`${url}/livez`, { method: 'POST', body: 'x' })).status).toBe(405);
  });

  test('names the variable when its port is in use', async () => {
    const { url } = await portOf();
    const port = Number(new URL(url).port);
    await expect(portOf(createProcessHealth(), port)).rejects.toThrow(/^ECS_IMPORT_HEALTH_PORT: .*another process/);
  });
});

/** The files for Prometheus and Grafana, and the runbook, agree with the code and with each other. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { createMetrics } from '../../api/metrics.js';
import { runbookPages } from '../../scripts/runbook-pages.js';
import { addPoolMetrics } from '../../telemetry/pool-metrics.js';
import { createProcessRegistry } from '../../telemetry/process-metrics.js';
import { addCloudMetrics, addHostMetrics, createActivityMetrics } from '../../workers/metrics.js';

const root = path.resolve(import.meta.dirname, '../..');
const read = (file: string) => readFileSync(path.join(root, file), 'utf8');
const rule = z.object({ alert: z.string(), expr: z.string(), annotations: z.object({ runbook_url: z.string() }) });
const alerts = z
  .object({ groups: z.array(z.object({ rules: z.array(rule) })) })
  .parse(parse(read('integrations/prometheus/alerts.yaml')))
  .groups.flatMap(({ rules }) => rules);
const dashboards = readdirSync(path.join(root, 'integrations/grafana')).filter((file) => file.endsWith('.json'));

/** The names that a worker and an API export. Those of Temporal's SDK are documented by Temporal. */
function exported(): ReadonlySet<string> {
  const registry = createProcessRegistry();
  addPoolMetrics(registry, () => null);
  createActivityMetrics(registry);
  addCloudMetrics(registry)();
  addHostMetrics(registry, { cacheDir: '/nowhere', cacheLimitBytes: 1 });
  createMetrics(
    {
      store: { countByState: async () => ({}), countOpenByAccount: async () => [] },
      countWebhooks: async () => ({ enabled: 0, failing: 0, disabled: 0 }),
      serviceNumbers: async () => ({ inPhase: [], stopped: [], batches: [], items: [], budgets: [] }),
      backlog: async () => [],
    },
    registry,
  );
  return new Set(registry.getMetricsAsArray().map(({ name }) => name));
}

function unknownNames(text: string, known: ReadonlySet<string>): readonly string[] {
  const used = text.match(/\b(?:ecs_image_import|nodejs|process)_\w+/g) ?? [];
  return [...new Set(used)].filter((name) => !known.has(name) && !known.has(name.replace(/_(bucket|count|sum)$/, '')));
}

test('alerts, their tests and the dashboards name only metrics that exist', () => {
  const known = exported();
  expect(dashboards).toHaveLength(4);
  const files = [
    'integrations/prometheus/alerts.yaml',
    'integrations/prometheus/alerts.test.yaml',
    'docs/monitoring.md',
  ];
  for (const file of [...files, ...dashboards.map((name) => `integrations/grafana/${name}`)]) {
    expect({ file, unknown: unknownNames(read(file), known) }).toEqual({ file, unknown: [] });
  }
});

test('each alert has a page of the runbook and a test, and each page an alert', () => {
  const names = alerts.map(({ alert }) => alert);
  const pages = readdirSync(path.join(root, 'docs/runbook/alerts')).map((file) => file.replace('.md', ''));
  expect(pages.sort()).toEqual([...names].sort());
  const tests = read('integrations/prometheus/alerts.test.yaml');
  for (const { alert, expr, annotations } of alerts) {
    expect(annotations.runbook_url).toBe(`docs/runbook/alerts/${alert}.md`);
    expect(read(annotations.runbook_url)).toContain(expr);
    expect(tests).toContain(`alertname: ${alert}\n`);
  }
});

test('each code with which an import can stop has a page as the catalogue says it: npm run docs:errors', () => {
  const pages = runbookPages();
  const written = readdirSync(path.join(root, 'docs/runbook/attention')).map((file) => `attention/${file}`);
  expect([...written, 'README.md'].sort()).toEqual(pages.map(({ file }) => file).sort());
  for (const { file, text } of pages) expect(read(`docs/runbook/${file}`)).toBe(text);
});

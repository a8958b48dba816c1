/**
 * Checks the files for operators with the tools that read them: `npm run check:ops`, or `npm run check:ops -- promtool` for some
 * checks. A tool that is not on PATH is built with Go once, which takes minutes; the result is cached.
 */
import { ALERT_CHECKS } from './ops/alerts.js';
import type { OpsCheck } from './ops/check.js';
import { COMPOSE_CHECKS } from './ops/compose.js';
import { HELM_CHECKS } from './ops/helm.js';
import { SYSTEMD_CHECKS } from './ops/systemd.js';

/** In the order in which they run. */
const CHECKS: readonly OpsCheck[] = [...ALERT_CHECKS, ...COMPOSE_CHECKS, ...SYSTEMD_CHECKS, ...HELM_CHECKS];

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !CHECKS.some((check) => check.name.startsWith(name)));
if (unknown.length > 0) {
  console.error(`no such check: ${unknown.join(', ')}. Checks: ${CHECKS.map(({ name }) => name).join(', ')}`);
  process.exit(2);
}
const chosen = CHECKS.filter(({ name }) => wanted.length === 0 || wanted.some((prefix) => name.startsWith(prefix)));

const failed: string[] = [];
for (const { name, run } of chosen) {
  console.log(`\n── ${name}`);
  const startedAt = Date.now();
  try {
    await run();
    console.log(`── ${name}: ok in ${((Date.now() - startedAt) / 1_000).toFixed(1)} s`);
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    failed.push(name);
  }
}
console.log(
  `\n${chosen.length - failed.length} passed, ${failed.length} failed${failed.length > 0 ? `: ${failed.join(', ')}` : ''}`,
);
process.exit(failed.length > 0 ? 1 : 0);

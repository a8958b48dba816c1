/** Every route has a rule, and the rule decides before the route runs. */
import { expect, test } from 'vitest';
import { RULES } from '../../../api/access/rules.js';
import { createApp } from '../../../api/app.js';
import type { ApiDependencies } from '../../../api/dependencies.js';

const app = createApp({ authenticators: [], hostNames: [] } as unknown as ApiDependencies);
const routes = [
  ...new Set(app.routes.filter(({ method }) => method !== 'ALL').map(({ method, path }) => `${method} ${path}`)),
];

test('every route has a rule', () => {
  expect(routes.length).toBeGreaterThan(30);
  expect(routes.filter((route) => RULES[route] === undefined)).toEqual([]);
});

test('every rule that is applied to an import or batch is of a route with its id', () => {
  for (const [route, rule] of Object.entries(RULES)) {
    if (rule === 'open' || (rule.on !== 'import' && rule.on !== 'batch')) continue;
    expect(route).toMatch(rule.on === 'import' ? /^\w+ \/v1\/imports\/:id/ : /^\w+ \/v1\/batches\/:id/);
  }
});

test('every route that changes something is recorded', () => {
  const silent = Object.entries(RULES).filter(
    ([route, rule]) => !route.startsWith('GET ') && rule !== 'open' && !rule.changes,
  );
  expect(silent).toEqual([]);
});

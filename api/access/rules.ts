/** Who may use each route. A route without a rule does not exist for clients (authorize.ts), and fails a test. */
import type { Action } from '../../domain/access/may.js';

export interface Rule {
  readonly action: Action;
  /**
   * What the action is applied to. `import`, `batch`: the one whose ID is the parameter `id`. `service`: the whole service,
   * so that only an identity without a scope may. `route`: the route decides, with `demand`, or shows only what the identity
   * may see.
   */
  readonly on: 'import' | 'batch' | 'service' | 'route';
  /** Recorded in the audit log. */
  readonly changes: boolean;
}

/** Served without a rule: without data of a team, or with an access control of their own. */
const OPEN = 'open';

const reads = (action: Action, on: Rule['on']): Rule => ({ action, on, changes: false });
const changes = (action: Action, on: Rule['on']): Rule => ({ action, on, changes: true });

/** By method and path as the router knows them. HEAD has the rule of GET. */
export const RULES: Readonly<Record<string, Rule | typeof OPEN>> = {
  'GET /healthz': OPEN,
  'GET /livez': OPEN,
  'GET /readyz': OPEN,
  'GET /openapi.json': OPEN,
  'GET /': OPEN,
  'GET /assets/:file': OPEN,
  // The exchange of a code needs no identity, and gets one. Any identity may see its own.
  'POST /v1/session/codes': changes('sessions.link', 'route'),
  'POST /v1/session': OPEN,
  'GET /v1/session': OPEN,
  'DELETE /v1/session': changes('sessions.end', 'route'),
  'GET /v1/session/oidc': OPEN,
  'GET /v1/session/oidc/start': OPEN,
  'GET /v1/session/oidc/callback': OPEN,
  'GET /metrics': reads('metrics.read', 'service'),

  'GET /v1/overview': reads('service.read', 'route'),
  'GET /v1/settings': reads('settings.read', 'service'),

  'GET /v1/imports': reads('imports.read', 'route'),
  'POST /v1/imports': changes('imports.start', 'route'),
  'GET /v1/imports/waiting': reads('imports.read', 'route'),
  'POST /v1/imports/resume': changes('imports.resume', 'route'),
  'POST /v1/imports/bulk': changes('imports.resume', 'route'),
  'GET /v1/imports/:id': reads('imports.read', 'import'),
  'GET /v1/imports/:id/events': reads('imports.read', 'import'),
  'GET /v1/imports/:id/plan': reads('imports.read', 'import'),
  'GET /v1/imports/:id/report': reads('imports.read', 'import'),
  'GET /v1/imports/:id/files': reads('imports.read', 'import'),
  'GET /v1/imports/:id/files/:name': reads('imports.read', 'import'),
  'POST /v1/imports/:id/cancel': changes('imports.cancel', 'import'),
  'POST /v1/imports/:id/resume': changes('imports.resume', 'import'),
  'POST /v1/imports/:id/retry': changes('imports.start', 'import'),
  'POST /v1/imports/:id/hold': changes('holds.set', 'import'),
  'POST /v1/imports/:id/release': changes('holds.release', 'import'),

  'GET /v1/batches': reads('batches.read', 'route'),
  'POST /v1/batches': changes('batches.create', 'route'),
  'POST /v1/batches/check': changes('batches.check', 'route'),
  'GET /v1/batches/:id': reads('batches.read', 'batch'),
  'GET /v1/batches/:id/items': reads('batches.read', 'batch'),
  'GET /v1/batches/:id/series': reads('batches.read', 'batch'),
  'GET /v1/batches/:id/report': reads('batches.read', 'batch'),
  'POST /v1/batches/:id/pause': changes('batches.pause', 'batch'),
  'POST /v1/batches/:id/resume': changes('batches.resume', 'batch'),
  'POST /v1/batches/:id/cancel': changes('batches.cancel', 'batch'),
  'POST /v1/batches/:id/retry': changes('batches.retry', 'batch'),
  'POST /v1/batches/:id/policy': changes('batches.policy', 'batch'),
  'POST /v1/batches/:id/hold': changes('holds.set', 'batch'),
  'POST /v1/batches/:id/release': changes('holds.release', 'batch'),

  'GET /v1/holds': reads('holds.read', 'route'),
  'GET /v1/inspections': reads('inspections.read', 'route'),
  'GET /v1/inspections/:id': reads('inspections.read', 'route'),
  'POST /v1/inspections': changes('inspections.create', 'route'),
  'POST /v1/orphans': changes('orphans.search', 'service'),
  'POST /v1/reconcile': changes('reconcile.list', 'service'),
  'POST /v1/codec/decode': changes('payloads.decode', 'service'),

  'GET /v1/webhooks': reads('webhooks.read', 'route'),
  'POST /v1/webhooks': changes('webhooks.change', 'route'),
  'GET /v1/webhooks/:id': reads('webhooks.read', 'route'),
  'DELETE /v1/webhooks/:id': changes('webhooks.change', 'route'),
  'POST /v1/webhooks/:id/test': changes('webhooks.change', 'route'),
  'POST /v1/webhooks/:id/rotate': changes('webhooks.change', 'route'),
  'POST /v1/webhooks/:id/enable': changes('webhooks.change', 'route'),
  'GET /v1/webhooks/:id/deliveries': reads('webhooks.read', 'route'),
  'GET /v1/webhooks/:id/deliveries/:name': reads('webhooks.read', 'route'),
  'POST /v1/webhooks/:id/redeliver': changes('webhooks.change', 'route'),

  'GET /temporal': reads('temporal.read', 'service'),
  'GET /temporal/*': reads('temporal.read', 'service'),
  ...Object.fromEntries(
    ['POST', 'PUT', 'PATCH', 'DELETE'].flatMap((method) =>
      ['/temporal', '/temporal/*'].map((path) => [`${method} ${path}`, changes('temporal.change', 'service')]),
    ),
  ),

  'GET /v1/keys': reads('keys.read', 'service'),
  'POST /v1/keys': changes('keys.create', 'service'),
  'POST /v1/keys/:id/rotate': changes('keys.rotate', 'service'),
  'POST /v1/keys/:id/revoke': changes('keys.revoke', 'service'),
  'GET /v1/audit': changes('audit.read', 'service'),
};

/** How a request carries an identity, for the OpenAPI document. */
import { isOfPage } from '../page-files.js';

/** Served without an identity: probes and readers of the document have none, and sign-in gives one. */
const OPEN: readonly string[] = [
  ...['GET /healthz', 'GET /livez', 'GET /readyz', 'GET /openapi.json', 'POST /v1/session'],
  ...['GET /v1/session/oidc', 'GET /v1/session/oidc/start', 'GET /v1/session/oidc/callback'],
];

/** Browsers send no credential with a CORS preflight. HEAD is answered as GET. */
export function isOpen(method: string, path: string): boolean {
  const operation = `${method === 'HEAD' ? 'GET' : method} ${path}`;
  const isPage = (method === 'GET' || method === 'HEAD') && isOfPage(path);
  return method === 'OPTIONS' || isPage || OPEN.includes(operation);
}

interface SecurityScheme {
  readonly schemes: Readonly<Record<string, object>>;
  readonly requirement: Readonly<Record<string, readonly string[]>>;
}

/** A request needs one of them. */
export const SECURITY_SCHEMES: readonly SecurityScheme[] = [
  {
    schemes: { bearer: { type: 'http', scheme: 'bearer', description: 'A key of the API' } },
    requirement: { bearer: [] },
  },
  {
    schemes: {
      sessionCookie: {
        type: 'apiKey',
        in: 'cookie',
        name: '__Host-ecs-image-import',
        description: 'The session of the page; `ecs-image-import-PORT` without TLS',
      },
      sessionToken: { type: 'apiKey', in: 'header', name: 'X-Ecs-Import-Session', description: 'Of the same session' },
    },
    requirement: { sessionCookie: [], sessionToken: [] },
  },
];

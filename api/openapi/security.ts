/** How a request carries an identity, for the OpenAPI document. */

/** Served without an identity: probes and readers of the document have none. */
export const OPEN_PATHS: readonly string[] = ['/healthz', '/readyz', '/openapi.json'];

interface SecurityScheme {
  readonly schemes: Readonly<Record<string, object>>;
  readonly requirement: Readonly<Record<string, readonly string[]>>;
}

/** A request needs one of them. */
export const SECURITY_SCHEMES: readonly SecurityScheme[] = [
  {
    schemes: { bearer: { type: 'http', scheme: 'bearer', description: 'A token of the API' } },
    requirement: { bearer: [] },
  },
];

/** The OpenAPI document, without a server. */

import { createApp } from '../../../api/app.js';
import type { ApiDependencies } from '../../../api/dependencies.js';
import { UNRECORDED } from './anonymous.js';

/** The document comes from the routes alone, so nothing here is called. */
const NOTHING = {} as unknown as ApiDependencies;

export async function openApiText(): Promise<string> {
  const app = createApp({ ...NOTHING, authenticators: [], auditTrail: UNRECORDED });
  return await (await app.request('/openapi.json')).text();
}

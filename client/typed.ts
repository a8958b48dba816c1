/** Every operation of the API by the types of its OpenAPI document, for what `createImportClient` has no method for. */
import { createTransport, type TransportOptions, type TypedApi } from './transport.js';

/**
 * `await createApi({ baseUrl }).GET('/v1/holds')` resolves to `{ data }`. Rejects with `ApiProblem` or `ApiUnreachableError`.
 * The event streams do not end: follow an import with `createImportClient(…).watch`.
 */
export function createApi(options: TransportOptions): TypedApi {
  return createTransport(options).typed();
}

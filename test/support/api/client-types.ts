/** Generates the types of the client from the OpenAPI document. */
import openapiTS, { astToString } from 'openapi-typescript';
import { openApiText } from './document.js';

export const CLIENT_TYPES = 'client/api-types.ts';

export async function clientTypes(): Promise<string> {
  const types = await openapiTS(await openApiText(), { immutable: true, defaultNonNullable: false });
  return `/** Generated from the OpenAPI document by \`npm run client\`. Do not edit. */\n${astToString(types)}`;
}

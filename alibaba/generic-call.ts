/** Calls of services without a typed SDK in this project: any action by its name and version, with its fields as in the reference. */
import OpenApi, { $OpenApiUtil, OpenApiUtil } from '@alicloud/openapi-core';
import { RuntimeOptions } from '@darabonba/typescript';
import { isObject } from '../domain/json-value.js';
import { createClients, type SdkPlace, sdkCall } from './sdk-call.js';
import type { Service } from './sdk-errors.js';

type GenericCall = (action: string, fields: Readonly<Record<string, string>>) => Promise<object>;

export function createGenericCall(
  service: Service,
  version: string,
  place: SdkPlace & { readonly endpoint: string },
): GenericCall {
  const clientOf = createClients((config) => new OpenApi.default(config));
  const client = () => clientOf(place);
  return async (action, fields) => {
    const { protocol } = new URL(place.endpoint);
    const params = new $OpenApiUtil.Params({
      ...{ action, version, protocol: protocol.replace(':', '').toUpperCase(), pathname: '/' },
      ...{ method: 'POST', authType: 'AK', style: 'RPC', reqBodyType: 'formData', bodyType: 'json' },
    });
    const request = new $OpenApiUtil.OpenApiRequest({ query: OpenApiUtil.query(fields) });
    return await sdkCall(service, action, client, async (api): Promise<{ readonly body: object }> => {
      const { body } = await api.callApi(params, request, new RuntimeOptions({}));
      return { body: isObject(body) ? body : {} };
    });
  };
}

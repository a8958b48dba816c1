/** The vendor's clients, loaded by the test that first asks for one: ECS alone takes half a second. */
import { createRequire } from 'node:module';
import type Ecs from '@alicloud/ecs20140526';
import type { $OpenApiUtil } from '@alicloud/openapi-core';
import type Ram from '@alicloud/ram20150501';
import type Sts from '@alicloud/sts20150401';

const load = createRequire(import.meta.url);

export const ecsSdk = (): typeof import('@alicloud/ecs20140526') => load('@alicloud/ecs20140526');
const ramSdk = (): typeof import('@alicloud/ram20150501') => load('@alicloud/ram20150501');
const stsSdk = (): typeof import('@alicloud/sts20150401') => load('@alicloud/sts20150401');
const core = (): typeof import('@alicloud/openapi-core') => load('@alicloud/openapi-core');

interface Place {
  readonly address: string;
  readonly regionId: string;
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
  readonly securityToken?: string;
}

export const ecsClient = (place: Place): Ecs.default => new (ecsSdk().default)(configOf(place));
export const ramClient = (place: Place): Ram.default => new (ramSdk().default)(configOf(place));
export const stsClient = (place: Place): Sts.default => new (stsSdk().default)(configOf(place));

function configOf({ address, ...place }: Place): $OpenApiUtil.Config {
  const timeouts = { readTimeout: 10_000, connectTimeout: 10_000 };
  return new (core().$OpenApiUtil.Config)({ ...place, endpoint: address, protocol: 'HTTP', ...timeouts });
}

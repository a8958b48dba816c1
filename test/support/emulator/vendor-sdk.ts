/** The vendor's clients. Loaded on first use, because the ECS client alone takes half a second to load. */
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

interface ClientConfig {
  readonly address: string;
  readonly regionId: string;
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
  readonly securityToken?: string;
}

export const ecsClient = (config: ClientConfig): Ecs.default => new (ecsSdk().default)(configOf(config));
export const ramClient = (config: ClientConfig): Ram.default => new (ramSdk().default)(configOf(config));
export const stsClient = (config: ClientConfig): Sts.default => new (stsSdk().default)(configOf(config));

function configOf({ address, ...config }: ClientConfig): $OpenApiUtil.Config {
  const timeouts = { readTimeout: 10_000, connectTimeout: 10_000 };
  return new (core().$OpenApiUtil.Config)({ ...config, endpoint: address, protocol: 'HTTP', ...timeouts });
}

/** Where a process answers health checks and Prometheus: variables of worker and API. */
import { z } from 'zod';

export const healthVariables = {
  ECS_IMPORT_HEALTH_HOST: z.string().min(1).default('127.0.0.1'),
  ECS_IMPORT_HEALTH_PORT: z.coerce.number().int().min(0).max(65_535).optional(),
};

export interface HealthAddress {
  readonly host: string;
  /** 0: a free port. */
  readonly port: number;
}

/** Null: the process has no such port. */
export function healthAddress(read: {
  readonly ECS_IMPORT_HEALTH_HOST: string;
  readonly ECS_IMPORT_HEALTH_PORT?: number | undefined;
}): HealthAddress | null {
  const { ECS_IMPORT_HEALTH_HOST: host, ECS_IMPORT_HEALTH_PORT: port } = read;
  return port === undefined ? null : { host, port };
}

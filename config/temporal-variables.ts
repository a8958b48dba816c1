/** The names of Temporal's standard environment variables that this service reads. */
import { z } from 'zod';
import type { Environment } from './environment.js';
import { DEFAULT_ADDRESS, DEFAULT_NAMESPACE } from './temporal.js';

/** Error messages must not contain values, because a value can be a key. */
export const temporalVariables = {
  TEMPORAL_ADDRESS: z.string().min(1).default(DEFAULT_ADDRESS),
  TEMPORAL_NAMESPACE: z.string().min(1).default(DEFAULT_NAMESPACE),
  TEMPORAL_API_KEY: z.string().optional(),
  /** Default: true if an API key or any of the variables below is set. */
  TEMPORAL_TLS: z.enum(['true', 'false', '1', '0'], 'set true or false').optional(),
  TEMPORAL_TLS_CLIENT_CERT_PATH: z.string().optional(),
  TEMPORAL_TLS_CLIENT_CERT_DATA: z.string().optional(),
  TEMPORAL_TLS_CLIENT_KEY_PATH: z.string().optional(),
  TEMPORAL_TLS_CLIENT_KEY_DATA: z.string().optional(),
  TEMPORAL_TLS_SERVER_CA_CERT_PATH: z.string().optional(),
  TEMPORAL_TLS_SERVER_CA_CERT_DATA: z.string().optional(),
  TEMPORAL_TLS_SERVER_NAME: z.string().optional(),
  TEMPORAL_CONFIG_FILE: z.string().optional(),
  TEMPORAL_PROFILE: z.string().optional(),
};

const METADATA_PREFIX = 'TEMPORAL_GRPC_META_';

/** Whether the environment selects an external Temporal server, by address or profile. */
export function namesTemporal(env: Environment): boolean {
  return isSet(env.TEMPORAL_ADDRESS) || namesProfile(env);
}

/** For a stack with the embedded server: settings of another server must not reach its parts. */
export function withoutTemporalVariables(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !isTemporalVariable(name)));
}

/**
 * A profile is read only if one of these variables is set. The default configuration file of the `temporal` CLI must not
 * change the server of this service.
 */
export function namesProfile(env: Environment): boolean {
  return isSet(env.TEMPORAL_CONFIG_FILE) || isSet(env.TEMPORAL_PROFILE);
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== '';
}

export function isTemporalVariable(name: string): boolean {
  return Object.hasOwn(temporalVariables, name) || name.startsWith(METADATA_PREFIX);
}

/** The settings of a process as an admin may see them: no secret, and no file's content. */
import { z } from 'zod';
import { apiVariables } from './api.js';
import type { Environment } from './environment.js';

export interface DescribedSetting {
  /** Of the environment variable. */
  readonly name: string;
  /** Null: not set and without a default, or a secret. */
  readonly value: string | null;
  readonly origin: 'environment' | 'default' | 'unset';
  /** Its value is never shown. */
  readonly isSecret: boolean;
}

/** What may contain a password, a key or a token. Files are named, not read. */
const SECRET = /(TOKEN|KEY|KEYS|PASSWORD|SECRET|COMMAND|_DATA|URL|ACCOUNTS)$/;

/** The variables that the API reads. */
export function describeSettings(env: Environment): readonly DescribedSetting[] {
  return Object.entries(apiVariables.shape)
    .map(([name, schema]): DescribedSetting => {
      const isSecret = SECRET.test(name);
      const given = env[name];
      if (given !== undefined && given !== '') {
        return { name, value: isSecret ? null : given, origin: 'environment', isSecret };
      }
      const value = defaultOf(schema);
      return { name, value: isSecret ? null : value, origin: value === null ? 'unset' : 'default', isSecret };
    })
    .sort((one, other) => (one.name < other.name ? -1 : 1));
}

function defaultOf(schema: z.ZodType): string | null {
  const { success, data } = z.object({ value: schema }).safeParse({});
  const value = success ? data.value : undefined;
  if (value === undefined || value === null) return null;
  if (Array.isArray(value)) return value.length === 0 ? null : value.join(',');
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

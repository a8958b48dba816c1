/** Configuration out of environment variables: what is wrong with it is said in one line. */
import { z } from 'zod';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Told to the operator as it is; the command ends with the exit code of wrong usage. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** A time in milliseconds, at least one. */
export const milliseconds = (fallback: number) => z.coerce.number().int().min(1).default(fallback);

/** Throws `ConfigError` that names every variable that is wrong. */
export function readEnvironment<T extends z.ZodType>(schema: T, env: Environment): z.infer<T> {
  const read = schema.safeParse(withoutEmpty(env));
  if (read.success) return read.data;
  throw new ConfigError(read.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; '));
}

/** Compose files and shells pass unset variables as empty texts. */
function withoutEmpty(env: Environment): Environment {
  return Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
}

/** Reads configuration from environment variables. An error names every variable that is wrong, in one line. */
import { z } from 'zod';

export type Environment = Readonly<Record<string, string | undefined>>;

/** A command prints the message and ends with exit code 2. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

export const milliseconds = (fallback: number) => z.coerce.number().int().min(1).default(fallback);

/** Absent: false. */
export const flag = z
  .enum(['true', 'false', '1', '0'], 'set true or false')
  .default('false')
  .transform((text) => text === 'true' || text === '1');

export const DATABASE_URL = z.string('set DATABASE_URL to postgres://user:password@host:5432/database').min(1);

export const LOG_LEVEL = z.enum(['trace', 'debug', 'info', 'warn', 'error']).default('info');
export type LogLevel = z.infer<typeof LOG_LEVEL>;
export const LOG_FORMAT = z.enum(['auto', 'json', 'text']).default('auto');
export type LogFormat = z.infer<typeof LOG_FORMAT>;

/** Throws `ConfigError` that names every variable that is wrong. */
export function readEnvironment<T extends z.ZodType>(schema: T, env: Environment): z.infer<T> {
  const read = schema.safeParse(withoutEmpty(env));
  if (read.success) return read.data;
  throw new ConfigError(read.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; '));
}

/** Docker Compose and shells pass unset variables as empty strings. */
function withoutEmpty(env: Environment): Environment {
  return Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
}

const UNITS: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 };

/** `500`, `64K`, `12.5M`, `2GiB`; powers of 1,024. Null if the text is not a positive number of bytes. */
export function parseBytes(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?$/i.exec(text.trim());
  const bytes = Math.round(Number(match?.[1]) * (UNITS[match?.[2]?.toLowerCase() ?? ''] ?? Number.NaN));
  return Number.isSafeInteger(bytes) && bytes > 0 ? bytes : null;
}

export const byteCount = z.string().transform((text, context) => {
  const bytes = parseBytes(text);
  if (bytes !== null) return bytes;
  context.addIssue({
    code: 'custom',
    message: `${text} is not a number of bytes: set a value such as 500K, 12.5M or 2G`,
  });
  return z.NEVER;
});

/** Comma-separated names. */
export const commaList = z
  .string()
  .default('')
  .transform((text) => text.split(',').flatMap((entry) => (entry.trim() === '' ? [] : [entry.trim()])));

/** Why PostgreSQL cannot be used, in one line: which server, what it reports, and what to do. */
import type { Unreachable } from './reachable.js';

interface Place {
  readonly server: string;
  readonly user: string;
  readonly database: string;
}

const IN_WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection closed',
  ENOTFOUND: 'host name not found',
  EAI_AGAIN: 'host name not found',
  ETIMEDOUT: 'no response',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'no route to the network',
};

/** SQLSTATE codes, with the remedy for each. */
const SETTINGS: Readonly<Record<string, (place: Place) => string>> = {
  '28P01': ({ user }) => `correct the password of user ${user} in DATABASE_URL`,
  '28000': ({ user }) => `correct the user ${user} in DATABASE_URL, or allow it in pg_hba.conf of the server`,
  '3D000': ({ database }) => `create the database ${database}, or correct DATABASE_URL`,
  '42501': ({ user, database }) => `grant user ${user} the right to create a schema in database ${database}`,
};

export function explainDatabase(databaseUrl: string): (error: unknown) => Unreachable {
  const place = placeOf(databaseUrl);
  if (place === null) {
    const text = 'DATABASE_URL is not a URL: set postgres://user:password@host:5432/database';
    return () => ({ text, isSetting: true });
  }
  return (thrown) => {
    const error = rootOf(thrown);
    const code = 'code' in error ? String(error.code) : '';
    const reason = IN_WORDS[code] ?? error.message.split('\n')[0];
    const what = `PostgreSQL at ${place.server}`;
    const remedy = SETTINGS[code];
    if (remedy !== undefined)
      return { text: `${what} rejects the connection (${reason}): ${remedy(place)}`, isSetting: true };
    if (/^SASL|password must be a string/.test(error.message)) {
      return { text: `${what} requires a password: set it in DATABASE_URL`, isSetting: true };
    }
    if (error.message.startsWith('migration ')) return { text: `${what}: ${describeCause(error)}`, isSetting: true };
    return {
      text: `${what} cannot be reached (${reason}): check that it runs and that DATABASE_URL is correct`,
      isSetting: false,
    };
  };
}

/** A host name with several addresses fails with one error for each. */
function rootOf(thrown: unknown): Error {
  const first: unknown = thrown instanceof AggregateError ? thrown.errors[0] : thrown;
  return first instanceof Error ? first : new Error(String(first));
}

function describeCause({ message, cause }: Error): string {
  return cause instanceof Error ? `${message} (${cause.message})` : message;
}

function placeOf(databaseUrl: string): Place | null {
  // `pg` also accepts the folder of a socket and the name of a database.
  if (databaseUrl.startsWith('/')) return { server: 'the local socket', user: '', database: databaseUrl };
  if (!URL.canParse(databaseUrl)) return null;
  const { host, username, pathname } = new URL(databaseUrl);
  const user = decodeURIComponent(username);
  return { server: host || 'the local socket', user, database: decodeURIComponent(pathname.slice(1)) || user };
}

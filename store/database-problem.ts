/** Why PostgreSQL cannot be used, in one line: which server, what it reports, and what to do. */
import { passwordFileVariable } from '../config/database.js';
import type { Unreachable } from './reachable.js';

interface Place {
  /** The variable that contains the URL. */
  readonly variable: string;
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
  '28P01': ({ user, variable }) =>
    `correct the password of user ${user} in ${variable}, or in the file that ${passwordFileVariable(variable)} names`,
  '28000': ({ user, variable }) =>
    `correct the user ${user} in ${variable}, or allow it in pg_hba.conf of the server, which may require TLS: add sslmode=verify-full`,
  '3D000': ({ database, variable }) => `create the database ${database}, or correct ${variable}`,
  '42501': ({ user, database }) => `grant user ${user} the right to create a schema in database ${database}`,
};

const unknownAuthority = ({ variable }: Place) =>
  `add sslrootcert=FILE to ${variable}, with the certificate of the authority that issued that of the server`;

/** By the code of Node.js. */
const TLS_PROBLEMS: Readonly<Record<string, (place: Place) => string>> = {
  SELF_SIGNED_CERT_IN_CHAIN: unknownAuthority,
  DEPTH_ZERO_SELF_SIGNED_CERT: unknownAuthority,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: unknownAuthority,
  UNABLE_TO_GET_ISSUER_CERT: unknownAuthority,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: unknownAuthority,
  ERR_TLS_CERT_ALTNAME_INVALID: ({ variable }) => `use a host name of its certificate in ${variable}`,
  CERT_HAS_EXPIRED: () => 'renew the certificate of the server',
  CERT_NOT_YET_VALID: () => 'check the clocks of this host and of the server',
  NO_TLS: ({ variable }) => `enable TLS on the server, or set sslmode=disable in ${variable}`,
};

/** The server rejects the certificate of this client, or requires one. */
function isAboutClientCertificate(code: string, message: string): boolean {
  return (code === '28000' && /certificate/.test(message)) || /^ERR_SSL_.*_ALERT_(.*CERTIFICATE|UNKNOWN_CA)/.test(code);
}

const clientCertificate = ({ variable, user }: Place) =>
  `add sslcert=FILE and sslkey=FILE to ${variable}, with a certificate of an authority that the server trusts, for the name ${user}`;

/** Errors of TLS have a long text with places in OpenSSL, and the reason. */
function reasonOf(error: Error): string {
  return 'reason' in error ? String(error.reason) : (error.message.split('\n')[0] ?? '');
}

/** @param variable that contains the URL */
export function explainDatabase(databaseUrl: string, variable = 'DATABASE_URL'): (error: unknown) => Unreachable {
  const place = placeOf(databaseUrl, variable);
  if (place === null) {
    const text = `${variable} is not a URL: set postgres://user:password@host:5432/database`;
    return () => ({ text, isSetting: true });
  }
  return (thrown) => {
    const error = rootOf(thrown);
    const code = 'code' in error ? String(error.code) : '';
    const reason = IN_WORDS[code] ?? reasonOf(error);
    const what = `PostgreSQL at ${place.server}`;
    const remedy = isAboutClientCertificate(code, error.message) ? clientCertificate : SETTINGS[code];
    if (remedy !== undefined)
      return { text: `${what} rejects the connection (${reason}): ${remedy(place)}`, isSetting: true };
    if (/^SASL|password must be a string/.test(error.message)) {
      return {
        text: `${what} requires a password: set it in ${variable}, or name its file in ${passwordFileVariable(variable)}`,
        isSetting: true,
      };
    }
    const tls = TLS_PROBLEMS[code] ?? (/does not support SSL/.test(error.message) ? TLS_PROBLEMS.NO_TLS : undefined);
    if (tls !== undefined) return { text: `${what} cannot be verified (${reason}): ${tls(place)}`, isSetting: true };
    if (error.message.startsWith('migration ')) return { text: `${what}: ${describeCause(error)}`, isSetting: true };
    return {
      text: `${what} cannot be reached (${reason}): check that it runs and that ${variable} is correct`,
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

function placeOf(databaseUrl: string, variable: string): Place | null {
  // `pg` also accepts the folder of a socket and the name of a database.
  if (databaseUrl.startsWith('/')) return { variable, server: 'the local socket', user: '', database: databaseUrl };
  if (!URL.canParse(databaseUrl)) return null;
  const { host, username, pathname } = new URL(databaseUrl);
  const user = decodeURIComponent(username);
  return {
    variable,
    server: host || 'the local socket',
    user,
    database: decodeURIComponent(pathname.slice(1)) || user,
  };
}

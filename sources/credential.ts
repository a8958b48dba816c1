/**
 * Credentials of web sources. A request gives a name only; the worker's configuration has the value and the hosts that may get it
 * (config/credentials.ts). It is sent to the server of the source itself, never to another one that a redirect leads to.
 */
import { matchesHost } from './address-rules.js';
import type { HttpClient } from './http-request.js';
import { sourceFailure } from './source.js';

export interface SourceCredential {
  readonly name: string;
  /** `images.example.com`, or `*.example.com` for all its subdomains. */
  readonly hosts: readonly string[];
  /** Whether it may be sent without TLS. */
  readonly allowHttp: boolean;
  /** The header, in lower case, and its value, a secret. Throws `Source.CredentialUnreadable`. */
  header(): Promise<readonly [name: string, value: string]>;
  /** The server rejects the value: the next `header` reads it again. */
  expire(): void;
}

/** Throws `Source.CredentialUnknown`, or `Source.CredentialUnreadable` for an invalid configuration. */
export type FindCredential = (name: string) => Promise<SourceCredential>;

/** A client that sends the credential with requests to the server of this URL. */
export function withCredential(client: HttpClient, source: URL, name: string, find: FindCredential): HttpClient {
  const headersFor = async (url: URL): Promise<Readonly<Record<string, string>>> => {
    if (url.origin !== source.origin) return {};
    const [header, value] = await (await allowed(name, source, find)).header();
    return { [header]: value };
  };
  return {
    ...client,
    async get(url, headers, signal) {
      // Also before a request to a mirror: a credential that was removed from the configuration ends the import there.
      const credential = await allowed(name, source, find);
      const answer = await client.get(url, headers, signal, headersFor);
      if (answer.status !== 401 || answer.url.origin !== source.origin) return answer;
      answer.close();
      credential.expire();
      return await client.get(url, headers, signal, headersFor);
    },
  };
}

async function allowed(name: string, { protocol, hostname, host }: URL, find: FindCredential) {
  const credential = await find(name);
  if (!credential.hosts.some((pattern) => matchesHost(hostname, pattern))) {
    const hosts = credential.hosts.join(', ');
    throw sourceFailure('CredentialNotForHost', `credential ${name} must not be sent to ${host} (allowed: ${hosts})`);
  }
  if (protocol !== 'https:' && !credential.allowHttp) {
    throw sourceFailure('CredentialNotForHost', `credential ${name} must not be sent to ${host} without TLS`);
  }
  return credential;
}

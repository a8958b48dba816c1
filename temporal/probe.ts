/** Tests the connection to a Temporal server and finds the setting that prevents it. */
import tls from 'node:tls';
import type { TemporalSettings } from '../config/temporal.js';
import { FRONTEND, type GrpcAnswer, unary } from './grpc-call.js';

export type TemporalProbe =
  | { readonly serves: true }
  /** `setting`: a retry does not help. The reason starts with the name of the setting and ends with the remedy. */
  | {
      readonly serves: false;
      readonly cause: 'setting' | 'server';
      readonly reason: string;
      /** The server responds, but does not have the namespace. */
      readonly namespaceMissing?: true;
    };

/** Calls DescribeNamespace, which every user of the namespace is permitted to call. Never throws. */
export async function probeTemporal(settings: TemporalSettings, withinMs = 5_000): Promise<TemporalProbe> {
  try {
    return ofAnswer(await unary(settings, `/${FRONTEND}/DescribeNamespace`, settings.namespace, withinMs), settings);
  } catch (error) {
    return await ofError(error, settings);
  }
}

const NOT_FOUND = 5;
const PERMISSION_DENIED = 7;
const UNAUTHENTICATED = 16;

function ofAnswer({ status }: GrpcAnswer, { address, namespace, apiKey, named }: TemporalSettings): TemporalProbe {
  if (status === 0) return { serves: true };
  // Not a wrong setting: a new server creates its namespaces after it starts.
  if (status === NOT_FOUND) {
    return { serves: false, cause: 'server', reason: 'the namespace does not exist', namespaceMissing: true };
  }
  if (status !== UNAUTHENTICATED && status !== PERMISSION_DENIED) return server(`gRPC status ${status}`);
  return apiKey === null
    ? setting(`${named.apiKey}: namespace ${namespace} of ${address} requires an API key: set it`)
    : setting(
        `${named.apiKey}: ${address} rejects the key for namespace ${namespace}: set a valid key for this namespace, and check TEMPORAL_NAMESPACE`,
      );
}

const NO_TLS = new Set(['ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_PACKET_LENGTH_TOO_LONG', 'ERR_SSL_HTTP_REQUEST']);
const UNTRUSTED = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'CERT_SIGNATURE_FAILURE',
  'INVALID_CA',
]);
/** TLS alerts of a server that requires a client certificate or rejects the one it got. */
const CLIENT_REJECTED = /ALERT_.*(CERTIFICATE|UNKNOWN_CA|HANDSHAKE_FAILURE|ACCESS_DENIED|DECRYPT_ERROR)/;

async function ofError(error: unknown, settings: TemporalSettings): Promise<TemporalProbe> {
  const { address, named } = settings;
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
  const first = error instanceof AggregateError ? error.errors[0] : error;
  const reason = (first instanceof Error ? first.message : String(first)).split('\n')[0] ?? '';
  if (settings.tls === null) {
    return (await usesTls(settings))
      ? setting(`${named.tls}: ${address} requires TLS: set it to true`)
      : server(reason);
  }
  if (NO_TLS.has(code))
    return setting(`${named.tls}: ${address} does not use TLS: set it to false, or correct the address`);
  if (UNTRUSTED.has(code))
    return setting(
      settings.tls.serverCa === null
        ? `${named.serverCa}: the certificate of ${address} was issued by a certificate authority that this system doesn't trust (${reason}): set it to the certificate of that authority`
        : `${named.serverCa}: the certificate of ${address} was not issued by this certificate authority (${reason}): set it to the certificate of the authority that issued it`,
    );
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return setting(
      `TEMPORAL_TLS_SERVER_NAME: ${reason.replace(/^Hostname\/IP does not match certificate's altnames: /, '')}: set it to a name in the certificate of ${address}`,
    );
  if (CLIENT_REJECTED.test(code))
    return setting(
      settings.tls.client === null
        ? `${named.clientCert}: ${address} requires a client certificate: set it and TEMPORAL_TLS_CLIENT_KEY_PATH`
        : `${named.clientCert}: ${address} rejects this certificate (${code}): set a valid certificate from an authority that the server trusts`,
    );
  return server(reason);
}

function setting(reason: string): TemporalProbe {
  return { serves: false, cause: 'setting', reason };
}

function server(reason: string): TemporalProbe {
  return { serves: false, cause: 'server', reason };
}

/** Whether the server answers a TLS handshake. Its certificate is not verified. */
function usesTls({ host, port }: TemporalSettings): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = tls.connect({ host, port, rejectUnauthorized: false, ALPNProtocols: ['h2'], timeout: 2_000 });
    const end = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('secureConnect', () => end(true));
    socket.once('timeout', () => end(false));
    socket.once('error', (error: NodeJS.ErrnoException) => end(CLIENT_REJECTED.test(error.code ?? '')));
  });
}

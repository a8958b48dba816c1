/** Finds out why a Temporal server refuses this service, and which setting fixes it. */
import tls from 'node:tls';
import { ConfigError } from '../config/environment.js';
import type { TemporalSettings } from '../config/temporal.js';
import { FRONTEND, type GrpcAnswer, unary } from './grpc-call.js';

export type TemporalFound =
  | { readonly serves: true }
  /** `setting`: a setting is wrong, and waiting does not help; the reason starts with its name and ends with the remedy. */
  | { readonly serves: false; readonly cause: 'setting' | 'server'; readonly reason: string };

/** Describes the namespace: every certificate and key that may use a namespace may do that. Never throws. */
export async function lookAtTemporal(settings: TemporalSettings, withinMs = 5_000): Promise<TemporalFound> {
  try {
    return ofAnswer(await unary(settings, `/${FRONTEND}/DescribeNamespace`, settings.namespace, withinMs), settings);
  } catch (error) {
    return await ofError(error, settings);
  }
}

/** Throws `ConfigError` where a setting keeps the server from serving us; returns if the server is only unreachable. */
export async function demandRightSettings(settings: TemporalSettings): Promise<void> {
  const found = await lookAtTemporal(settings);
  if (!found.serves && found.cause === 'setting') throw new ConfigError(found.reason);
}

const NOT_FOUND = 5;
const PERMISSION_DENIED = 7;
const UNAUTHENTICATED = 16;

function ofAnswer({ status }: GrpcAnswer, { address, namespace, apiKey, named }: TemporalSettings): TemporalFound {
  if (status === 0) return { serves: true };
  // A server that has just been set up gets its namespaces a moment later.
  if (status === NOT_FOUND) return server('there is no such namespace');
  if (status !== UNAUTHENTICATED && status !== PERMISSION_DENIED) return server(`gRPC status ${status}`);
  return apiKey === null
    ? setting(`${named.apiKey}: namespace ${namespace} of ${address} requires an API key: set it`)
    : setting(
        `${named.apiKey}: ${address} refuses the key for namespace ${namespace}: set a valid key that may use it, and check that TEMPORAL_NAMESPACE is its namespace`,
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
/** TLS alerts with which a server turns down who we are. */
const TURNED_DOWN = /ALERT_.*(CERTIFICATE|UNKNOWN_CA|HANDSHAKE_FAILURE|ACCESS_DENIED|DECRYPT_ERROR)/;

async function ofError(error: unknown, settings: TemporalSettings): Promise<TemporalFound> {
  const { address, named } = settings;
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
  const told = error instanceof AggregateError ? error.errors[0] : error;
  const reason = (told instanceof Error ? told.message : String(told)).split('\n')[0] ?? '';
  if (settings.tls === null) {
    return (await speaksTls(settings))
      ? setting(`${named.tls}: ${address} speaks TLS only: set it to true`)
      : server(reason);
  }
  if (NO_TLS.has(code))
    return setting(`${named.tls}: ${address} speaks no TLS: set it to false, or correct the address`);
  if (UNTRUSTED.has(code))
    return setting(
      settings.tls.serverCa === null
        ? `${named.serverCa}: the certificate of ${address} comes from an authority that this system doesn't trust (${reason}): set it to that authority's certificate`
        : `${named.serverCa}: the certificate of ${address} doesn't come from this authority (${reason}): give the certificate of the authority that issued it`,
    );
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return setting(
      `TEMPORAL_TLS_SERVER_NAME: ${reason.replace(/^Hostname\/IP does not match certificate's altnames: /, '')}: set it to a name in the certificate of ${address}`,
    );
  if (TURNED_DOWN.test(code))
    return setting(
      settings.tls.client === null
        ? `${named.clientCert}: ${address} demands a client certificate: set it and TEMPORAL_TLS_CLIENT_KEY_PATH`
        : `${named.clientCert}: ${address} refuses this certificate (${code}): give one that is valid and comes from an authority that the server trusts`,
    );
  return server(reason);
}

function setting(reason: string): TemporalFound {
  return { serves: false, cause: 'setting', reason };
}

function server(reason: string): TemporalFound {
  return { serves: false, cause: 'server', reason };
}

/** Whether somebody at the other end answers a TLS greeting; who that is does not matter here. */
function speaksTls({ host, port }: TemporalSettings): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = tls.connect({ host, port, rejectUnauthorized: false, ALPNProtocols: ['h2'], timeout: 2_000 });
    const end = (speaks: boolean) => {
      socket.destroy();
      resolve(speaks);
    };
    socket.once('secureConnect', () => end(true));
    socket.once('timeout', () => end(false));
    socket.once('error', (error: NodeJS.ErrnoException) => end(TURNED_DOWN.test(error.code ?? '')));
  });
}

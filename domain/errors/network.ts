/** No response from the cloud, or an unreadable one: codes of Node.js and errors of the SDKs. */
import type { CatalogueEntry } from './entry.js';

const RETRIED = 'Nothing to do: the call is retried.';
const NETWORK_PATH = 'Check the network, proxy and firewall between this host and the region’s endpoint.';

export const NETWORK = [
  {
    code: 'ECONNRESET',
    also: ['EPIPE', 'ECONNABORTED', 'ResponseError', 'RequestError', 'UND_ERR_SOCKET'],
    meaning: 'The connection was closed before the response was complete',
    class: 'transient',
    remedy: RETRIED,
    lasting: NETWORK_PATH,
    outcomeUnknown: true,
  },
  {
    code: 'RequestTimeoutError',
    also: ['ETIMEDOUT', 'ESOCKETTIMEDOUT', 'ConnectionTimeoutError', 'ResponseTimeoutError', 'UND_ERR_HEADERS_TIMEOUT'],
    meaning: 'The request timed out',
    class: 'transient',
    remedy: RETRIED,
    lasting: NETWORK_PATH,
    outcomeUnknown: true,
  },
  {
    code: 'UnreadableAnswer',
    also: ['SyntaxError'],
    meaning: 'The response is not one of the cloud’s API: a proxy or load balancer answered instead',
    class: 'transient',
    remedy: RETRIED,
    lasting: NETWORK_PATH,
    outcomeUnknown: true,
  },
  {
    code: 'ECONNREFUSED',
    meaning: 'Connection refused: no server listens at the endpoint',
    class: 'transient',
    remedy: RETRIED,
    lasting:
      'Check that ECS_ENDPOINT, RAM_ENDPOINT, STS_ENDPOINT and OSS_ENDPOINT are unset or correct, and restart the worker.',
  },
  {
    code: 'ENOTFOUND',
    also: ['EAI_AGAIN', 'EAI_FAIL', 'EAI_NODATA'],
    meaning: 'The host name of the endpoint cannot be resolved',
    class: 'transient',
    remedy: RETRIED,
    lasting: 'Check the DNS of this host, the region, and the endpoints in the environment.',
  },
  {
    code: 'ENETUNREACH',
    also: ['EHOSTUNREACH', 'ENETDOWN', 'EHOSTDOWN', 'EADDRNOTAVAIL'],
    meaning: 'The endpoint is unreachable from this host',
    class: 'transient',
    remedy: RETRIED,
    lasting: NETWORK_PATH,
  },
  {
    code: 'ProxyUnreachable',
    meaning: 'The proxy in HTTPS_PROXY or HTTP_PROXY does not respond, or cannot reach the endpoint',
    class: 'transient',
    remedy: `${RETRIED} If this lasts, check the proxy that the message names, or add the endpoint’s host to NO_PROXY.`,
  },
  {
    code: 'ProxyRefused',
    meaning: 'The proxy in HTTPS_PROXY or HTTP_PROXY rejects the connection to the endpoint',
    class: 'attention',
    remedy:
      'Check the user name and password in the variable, and that the proxy allows the endpoint’s host; or add the host to NO_PROXY. Restart the worker, then resume.',
  },
  {
    code: 'CERT_HAS_EXPIRED',
    also: [
      'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
      'SELF_SIGNED_CERT_IN_CHAIN',
      'DEPTH_ZERO_SELF_SIGNED_CERT',
      'UNABLE_TO_GET_ISSUER_CERT',
      'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
      'ERR_TLS_CERT_ALTNAME_INVALID',
      'CERT_NOT_YET_VALID',
    ],
    meaning: 'This host does not trust the certificate of the endpoint',
    class: 'attention',
    remedy:
      'Check the clock of this host, and whether a proxy intercepts TLS. If so, pass its CA to the worker with NODE_EXTRA_CA_CERTS=FILE and restart the worker; then resume.',
  },
  {
    code: 'NoCredentials',
    meaning: 'No credentials for Alibaba Cloud found',
    class: 'attention',
    remedy:
      'Set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET for the worker, run aliyun configure, or attach a RAM role to its instance; restart the worker, then resume.',
  },
] as const satisfies readonly CatalogueEntry[];

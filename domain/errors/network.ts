/** No answer from the cloud, or none that can be read: Node's own codes and the SDKs' errors. */
import type { CatalogueEntry } from './entry.js';

const ITSELF = 'Nothing to do: it is tried again.';
const LINE = `${ITSELF} Where it lasts, see the line, proxy and firewall between this host and the region’s endpoint.`;

export const NETWORK = [
  {
    code: 'ECONNRESET',
    also: ['EPIPE', 'ECONNABORTED', 'ResponseError', 'RequestError', 'UND_ERR_SOCKET'],
    meaning: 'The connection was cut before the answer was complete',
    class: 'transient',
    remedy: LINE,
    outcomeUnknown: true,
  },
  {
    code: 'RequestTimeoutError',
    also: ['ETIMEDOUT', 'ESOCKETTIMEDOUT', 'ConnectionTimeoutError', 'ResponseTimeoutError', 'UND_ERR_HEADERS_TIMEOUT'],
    meaning: 'No answer came in time',
    class: 'transient',
    remedy: LINE,
    outcomeUnknown: true,
  },
  {
    code: 'UnreadableAnswer',
    also: ['SyntaxError'],
    meaning: 'The answer is not what the cloud’s API gives: a proxy or load balancer has answered instead',
    class: 'transient',
    remedy: LINE,
    outcomeUnknown: true,
  },
  {
    code: 'ECONNREFUSED',
    meaning: 'Nothing listens at the endpoint',
    class: 'transient',
    remedy: `${ITSELF} Where it lasts, see that ECS_ENDPOINT, RAM_ENDPOINT, STS_ENDPOINT and OSS_ENDPOINT are unset or right.`,
  },
  {
    code: 'ENOTFOUND',
    also: ['EAI_AGAIN', 'EAI_FAIL', 'EAI_NODATA'],
    meaning: 'The name of the endpoint cannot be resolved',
    class: 'transient',
    remedy: `${ITSELF} Where it lasts, see this host’s DNS, and that the region and the endpoints in the environment are right.`,
  },
  {
    code: 'ENETUNREACH',
    also: ['EHOSTUNREACH', 'ENETDOWN', 'EHOSTDOWN', 'EADDRNOTAVAIL'],
    meaning: 'There is no way from this host to the endpoint',
    class: 'transient',
    remedy: LINE,
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
    meaning: 'The endpoint’s certificate is not one that this host trusts',
    class: 'attention',
    remedy:
      'See this host’s clock, and whether a proxy opens TLS: give its CA to the worker with NODE_EXTRA_CA_CERTS=FILE and restart it; then resume.',
  },
  {
    code: 'NoCredentials',
    meaning: 'No credentials for the cloud were found',
    class: 'attention',
    remedy:
      'Set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET for the worker, or give its instance a RAM role; restart the worker, then resume.',
  },
] as const satisfies readonly CatalogueEntry[];

/** Lists what the emulator supports and what it does not: `GET /_emulator/coverage`. */
import { notEmulated, ossLimits, ossOperations } from './oss/operations.js';
import { services } from './rpc-router.js';

export function coverage(): unknown {
  return {
    rpc: services.map(({ name, version, actions }) => ({
      service: name,
      version,
      emulated: Object.entries(actions).map(([action, { limits }]) => withLimits(action, limits)),
      notEmulated: 'every other action: the answer is 404 InvalidApi.NotFound and names the action',
    })),
    oss: {
      emulated: Object.keys(ossOperations).map((action) => withLimits(action, ossLimits[action])),
      addresses:
        'path style and virtual host, over HTTP and, with --tls, HTTPS; signatures V1 and V4, in the header and in a presigned URL',
      notEmulated: [
        ...notEmulated(),
        'PostObject (HTML forms)',
        'every other operation: the answer is 501 NotImplemented and names the operation',
      ],
    },
  };
}

function withLimits(action: string, limits: string | undefined) {
  return { action, ...(limits === undefined ? {} : { limits }) };
}

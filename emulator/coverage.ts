/** What is emulated and what is not: `GET /_emulator/coverage`. */
import { notEmulated, ossLimits, ossOperations } from './oss/operations.js';
import { services } from './rpc-router.js';

export function coverage(): unknown {
  return {
    rpc: services.map(({ name, version, actions }) => ({
      service: name,
      version,
      emulated: Object.entries(actions).map(([action, { limits }]) => withLimits(action, limits)),
      notEmulated: 'every other action: it answers 404 InvalidApi.NotFound and is named',
    })),
    oss: {
      emulated: Object.keys(ossOperations).map((action) => withLimits(action, ossLimits[action])),
      addresses: 'path style and virtual host, over HTTP; signatures V1 and V4, in the header and in the address',
      notEmulated: [
        ...notEmulated(),
        'PUT ?acl: set the ACL when the bucket is made',
        'PostObject (HTML forms)',
        'every other operation: it answers 501 NotImplemented and is named',
      ],
    },
  };
}

function withLimits(action: string, limits: string | undefined) {
  return { action, ...(limits === undefined ? {} : { limits }) };
}

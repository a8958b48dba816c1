/** What is emulated and what is not: `GET /_emulator/coverage`. */
import { notEmulated, ossOperations } from './oss/operations.js';
import { services } from './rpc-router.js';

export function coverage(): unknown {
  return {
    rpc: services.map(({ name, version, actions }) => ({
      service: name,
      version,
      emulated: Object.entries(actions).map(([action, { limits }]) => ({ action, ...(limits ? { limits } : {}) })),
      notEmulated: 'every other action: it answers 404 InvalidApi.NotFound and is named',
    })),
    oss: {
      emulated: Object.keys(ossOperations).map((action) => ({ action })),
      notEmulated: [
        ...notEmulated(),
        'PUT ?acl: set the ACL when the bucket is made',
        'PostObject (HTML forms)',
        'every other operation: it answers 501 NotImplemented and is named',
      ],
    },
  };
}

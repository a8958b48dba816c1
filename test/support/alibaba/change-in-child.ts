/** A process that deletes an image under a lease. Arguments: endpoint, lease in ms. Prints the code of the failure. */
import { createChangeLease, withChangeLease } from '../../../alibaba/change-lease.js';
import { createEcs } from '../../../alibaba/ecs.js';
import { FailureError } from '../../../domain/errors/failure.js';
import { fail } from '../../../domain/errors/index.js';

const [endpoint = '', leaseMs = ''] = process.argv.slice(2);
let confirmations = 0;
const lease = createChangeLease(async () => {
  confirmations += 1;
  if (confirmations > 1) throw fail('Import.Superseded', 'another worker runs a newer attempt');
}, Number(leaseMs));
const credentials = async () => ({ accessKeyId: 'key', accessKeySecret: 'secret' });
const ecs = createEcs({ endpoint, region: 'cn-hangzhou', credentials });

try {
  await withChangeLease(lease, () => ecs.deleteImage('m-1'));
  console.log('sent');
} catch (error) {
  console.log(error instanceof FailureError ? error.failure.code : String(error));
}
process.exit(0);

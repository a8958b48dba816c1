/** The health check of the embedded Temporal server. */

import { temporalSettings } from '../../config/temporal.js';
import { FRONTEND, unary } from '../../temporal/grpc-call.js';

/** HealthCheckResponse { status: SERVING }: field 1, varint 1. */
const SERVING = Buffer.from([0x08, 0x01]);

/** True if the frontend is serving and the namespace exists. Never throws. */
export async function temporalServes(address: string, namespace: string, withinMs = 2_000): Promise<boolean> {
  try {
    const server = temporalSettings({ address });
    const health = await unary(server, '/grpc.health.v1.Health/Check', FRONTEND, withinMs);
    if (health.status !== 0 || !health.message.equals(SERVING)) return false;
    const described = await unary(server, `/${FRONTEND}/DescribeNamespace`, namespace, withinMs);
    return described.status === 0;
  } catch {
    return false;
  }
}

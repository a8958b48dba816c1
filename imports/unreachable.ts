/** Whether a call to Temporal failed because the server cannot be reached. */
import { isGrpcServiceError } from '@temporalio/client';

/** gRPC's INVALID_ARGUMENT: the message itself is invalid, which is a bug of this service. */
const INVALID_ARGUMENT = 3;

/** Why the server did not respond or rejected the call; null for any other error. */
export function unreachableReason(error: unknown): string | null {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (isGrpcServiceError(cause)) return cause.code === INVALID_ARGUMENT ? null : cause.details || cause.message;
    // Thrown by the client before a connection exists.
    if (/connect before the deadline|channel has been (shut down|closed)/i.test(cause.message)) return cause.message;
  }
  return null;
}

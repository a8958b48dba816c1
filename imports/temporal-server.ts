/** Reads the identity of the connected Temporal server. */
import { type Client, isGrpcServiceError } from '@temporalio/client';
import type { TemporalServer } from '../domain/temporal-server.js';

const ANSWER_WITHIN_MS = 5_000;
const KNOWN_FOR_MS = 10_000;
/** gRPC's PERMISSION_DENIED and UNIMPLEMENTED: some services do not report the identity of the cluster or namespace. */
const NOT_REPORTED = [7, 12];

export interface TemporalServerReader {
  /** Null if the server cannot be reached. */
  now(): Promise<TemporalServer | null>;
  /** As `now`, at most ten seconds old. */
  lately(): Promise<TemporalServer | null>;
}

export function createServerReader(client: Client): TemporalServerReader {
  const { namespace } = client.options;
  const { connection } = client;
  let known: { readonly server: TemporalServer; readonly atMs: number } | null = null;

  async function now(): Promise<TemporalServer | null> {
    const { workflowService } = connection;
    try {
      const [described, cluster] = await connection.withDeadline(Date.now() + ANSWER_WITHIN_MS, () =>
        Promise.all([
          orNotReported(workflowService.describeNamespace({ namespace })),
          orNotReported(workflowService.getClusterInfo({})),
        ]),
      );
      const server = {
        namespace,
        namespaceId: described?.namespaceInfo?.id ?? '',
        clusterId: cluster?.clusterId ?? '',
      };
      known = { server, atMs: Date.now() };
      return server;
    } catch {
      return null;
    }
  }

  return {
    now,
    lately: async () => (known !== null && Date.now() - known.atMs < KNOWN_FOR_MS ? known.server : await now()),
  };
}

async function orNotReported<Answer>(call: Promise<Answer>): Promise<Answer | null> {
  try {
    return await call;
  } catch (error) {
    if (isGrpcServiceError(error) && NOT_REPORTED.includes(error.code)) return null;
    throw error;
  }
}

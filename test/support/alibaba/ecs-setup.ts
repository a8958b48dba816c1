/** A recorder of ECS calls for each test of the current file, and a client that calls it. */
import { afterEach, beforeEach } from 'vitest';
import { createEcs } from '../../../alibaba/ecs.js';
import { type RpcRecorder, startRpcRecorder } from './rpc-recorder.js';

export interface EcsSetup {
  readonly server: () => RpcRecorder;
  readonly ecs: (region?: string) => ReturnType<typeof createEcs>;
}

export function ecsSetup(): EcsSetup {
  let server: RpcRecorder;

  beforeEach(async () => {
    server = await startRpcRecorder();
  });

  afterEach(() => server.close());

  const credentials = async () => ({ accessKeyId: 'testak', accessKeySecret: 'testsecret' });
  return {
    server: () => server,
    ecs: (region = 'cn-beijing') => createEcs({ endpoint: server.endpoint, region, credentials, timeoutMs: 2_000 }),
  };
}

/** The page that a call asks for. */
export const pageOf = (call: { query: Readonly<Record<string, string>> }) => Number(call.query.PageNumber);

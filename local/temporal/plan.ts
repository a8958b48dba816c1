/** Plans the Temporal server of a stack: an external one, or the embedded one, isolated where the system permits it. */
import path from 'node:path';
import { readTemporalSettings } from '../../config/temporal-environment.js';
import { namesTemporal } from '../../config/temporal-variables.js';
import { withAccountName } from '../supervisor/account-name.js';
import { checkTemporalServer } from '../supervisor/external-servers.js';
import { cacheDir, makePrivateDir, programFolders } from '../supervisor/folders.js';
import type { PartPlan, Program } from '../supervisor/supervised-part.js';
import type { Supervisor } from '../supervisor/supervisor.js';
import { findTemporal } from './binary.js';
import { clientVariables } from './client-profile.js';
import { findIsolation } from './isolation.js';
import { type CertificateTimes, renewCertificates } from './renewal.js';
import { isolatedTemporal, openTemporal } from './server.js';

export interface TemporalPlanOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly dataDir: string;
  /** The program of the proxy. */
  readonly program: Program;
  /** More dynamic settings of the embedded server, `KEY=JSON`. */
  readonly settings: readonly string[];
  readonly pickPort: (previous?: number) => Promise<number>;
  readonly previousPort: number | undefined;
  /** Of the API of this stack. */
  readonly apiUrl: string;
  readonly times: CertificateTimes;
  readonly supervisor: Pick<Supervisor, 'restart' | 'ended'>;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

export interface PlannedTemporal {
  /** Empty: an external server. */
  readonly parts: readonly PartPlan[];
  /** Variables for clients. */
  readonly env: Readonly<Record<string, string>>;
  /** Whether the API can serve the web interface of the server. */
  readonly hasUi: boolean;
}

export async function planTemporal(options: TemporalPlanOptions): Promise<PlannedTemporal> {
  const { env, dataDir, program, settings: dynamicSettings, pickPort, say, signal } = options;
  if (namesTemporal(env)) {
    await checkTemporalServer(readTemporalSettings(env), signal, say);
    return { parts: [], env: {}, hasUi: false };
  }
  const binary = await findTemporal({ env, cacheDir: cacheDir(env), say, signal });
  const namespace = env.TEMPORAL_NAMESPACE || 'default';
  const folder = path.join(dataDir, 'temporal');
  await makePrivateDir(folder, 'set --data to a writable folder');
  const port = await pickPort(options.previousPort);
  const named = await withAccountName(env, null, programFolders(env));
  const server = { binary, folder, namespace, port, env: named, dynamicSettings };
  const isolation = await findIsolation(folder, program, binary, named);
  if ('wrap' in isolation) {
    const { restart, ended } = options.supervisor;
    const beforeProxy = renewCertificates({ ...options.times, folder, restart, say, ended });
    return {
      parts: isolatedTemporal(server, { isolation, program, beforeProxy, codecEndpoint: `${options.apiUrl}/v1/codec` }),
      env: clientVariables(folder, `127.0.0.1:${port}`, namespace),
      hasUi: true,
    };
  }
  say(
    `Temporal has no access control on this machine (${isolation.reason}): other local accounts and pages in a browser can reach its port ${port}. docs/security.md describes what protects imports, and how to permit the isolation`,
  );
  return {
    parts: [openTemporal(server, { http: await pickPort(), metrics: await pickPort() })],
    env: { TEMPORAL_ADDRESS: `127.0.0.1:${port}`, TEMPORAL_NAMESPACE: namespace },
    hasUi: false,
  };
}

/** The checks of `doctor` on this machine: servers and tools. Starts and downloads nothing. */
import { spawn } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { withPasswordFile } from '../config/database.js';
import { ConfigError } from '../config/environment.js';
import { readTemporalSettings } from '../config/temporal-environment.js';
import { namesTemporal } from '../config/temporal-variables.js';
import { type DoctorCheck, failed, ok, warning } from '../domain/checkup.js';
import { probeTemporal } from '../temporal/probe.js';
import { checkCache, checkSchema } from './disk-checkup.js';
import { binariesIn, findPostgresPackage } from './postgres/binaries.js';
import { checkDatabaseServer } from './supervisor/external-servers.js';
import { cacheDir } from './supervisor/folders.js';
import type { LiveUp } from './supervisor/instances.js';
import { messageOf } from './supervisor/stack-error.js';
import type { PartRecord } from './supervisor/stack-file.js';
import { installedTemporal } from './temporal/binary.js';

/** @param up the running `up`; null if none runs */
export async function checkMachine(env: NodeJS.ProcessEnv, up: LiveUp | null): Promise<readonly DoctorCheck[]> {
  const part = (name: PartRecord['name']) => up?.parts.find((one) => one.name === name);
  const temporal = part('temporal');
  const postgres = part('postgres');
  return await Promise.all([
    temporal === undefined ? checkTemporal(env) : checkPart('Temporal', temporal),
    postgres === undefined ? checkPostgres(env) : checkPart('PostgreSQL', postgres),
    checkQemu(env),
    checkDecompressors(env),
    checkSchema(env),
    checkCache(env, up?.dataDir ?? null),
  ]);
}

function checkPart(name: string, { state, address, pid, lastExit }: PartRecord): DoctorCheck {
  const part = `started by the running \`up\`, ${address}, process ${pid}`;
  if (state === 'ready') return ok(name, part);
  const remedy = 'Wait until it is ready. If it does not become ready, read its log in the data folder of `up`.';
  return failed(name, `${part}: ${state}${lastExit === null ? '' : `, last exit: ${lastExit}`}`, remedy, 'service');
}

async function checkTemporal(env: NodeJS.ProcessEnv): Promise<DoctorCheck> {
  if (namesTemporal(env)) return await checkOutsideTemporal(env);
  const binary = await installedTemporal(env, cacheDir(env));
  if (binary !== null) return ok('Temporal', `\`up\` starts ${binary}`);
  return warning(
    'Temporal',
    'no server installed',
    'The first `up` installs it, which can take minutes. To avoid this, put `temporal` on PATH or set TEMPORAL_ADDRESS.',
  );
}

async function checkOutsideTemporal(env: NodeJS.ProcessEnv): Promise<DoctorCheck> {
  try {
    const settings = readTemporalSettings(env);
    const { address, namespace } = settings;
    const probe = await probeTemporal(settings);
    if (probe.serves)
      return ok('Temporal', `${address}${settings.tls === null ? '' : ' over TLS'}, namespace ${namespace}`);
    if (probe.cause === 'setting') return wrongSetting(probe.reason);
    const remedy = `Check that the server is running and has the namespace (temporal operator namespace create ${namespace}), or unset TEMPORAL_ADDRESS to use the embedded server.`;
    return failed('Temporal', `${address} does not serve namespace ${namespace}: ${probe.reason}`, remedy, 'service');
  } catch (error) {
    if (error instanceof ConfigError) return wrongSetting(error.message);
    throw error;
  }
}

function wrongSetting(reason: string): DoctorCheck {
  const remedy = 'Correct this variable, or unset TEMPORAL_ADDRESS to use the embedded server.';
  return failed('Temporal', reason, remedy, 'request');
}

async function checkPostgres(env: NodeJS.ProcessEnv): Promise<DoctorCheck> {
  try {
    if (env.DATABASE_URL) {
      const url = withPasswordFile('DATABASE_URL', env.DATABASE_URL, env.DATABASE_PASSWORD_FILE || undefined);
      await checkDatabaseServer(url, new AbortController().signal, { forMs: 0 });
      return ok('PostgreSQL', 'connected to DATABASE_URL');
    }
    const { postgres } = binariesIn((await findPostgresPackage()).folder);
    await access(postgres, constants.X_OK);
    return ok('PostgreSQL', `\`up\` starts ${postgres}`);
  } catch (error) {
    const remedy = env.DATABASE_URL
      ? 'Check DATABASE_URL and that the server is running, or unset it to use the embedded server.'
      : 'Install the package again with optional dependencies, or set DATABASE_URL.';
    return failed('PostgreSQL', messageOf(error), remedy, 'service');
  }
}

/** Required for conversion only. */
async function checkQemu(env: NodeJS.ProcessEnv): Promise<DoctorCheck> {
  const version = await versionOf('qemu-img', env);
  if (version !== null) return ok('qemu-img', version);
  return warning(
    'qemu-img',
    'not on PATH: imports that must convert the image stop until it is installed',
    'Install it to convert images: apt-get install qemu-utils, or dnf install qemu-img.',
  );
}

/** Required for compressed sources only. */
async function checkDecompressors(env: NodeJS.ProcessEnv): Promise<DoctorCheck> {
  const programs = ['gzip', 'xz', 'zstd'];
  const versions = await Promise.all(programs.map((program) => versionOf(program, env)));
  const missing = programs.filter((_, index) => versions[index] === null);
  if (missing.length === 0) return ok('decompressors', programs.join(', '));
  return warning(
    'decompressors',
    `not on PATH: ${missing.join(', ')}; imports of images compressed with them stop until they are installed`,
    'Install them to import compressed images: apt-get install gzip xz-utils zstd, or dnf install gzip xz zstd.',
  );
}

/** The first line of `--version`; null if the program can't run. */
function versionOf(program: string, env: NodeJS.ProcessEnv): Promise<string | null> {
  return new Promise((resolve) => {
    const child = spawn(program, ['--version'], { env, stdio: ['ignore', 'pipe', 'ignore'], timeout: 10_000 });
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    child.once('error', () => resolve(null));
    child.once('close', (code) => resolve(code === 0 ? (text.split('\n')[0] ?? '') : null));
  });
}

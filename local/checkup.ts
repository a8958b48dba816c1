/** What `doctor` looks at on this machine: the servers, running or to be started, and the tools. Starts and fetches nothing. */
import { spawn } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { ConfigError } from '../config/environment.js';
import { namesTemporal, readTemporalSettings } from '../config/temporal-environment.js';
import { type DoctorCheck, failed, ok, warning } from '../domain/checkup.js';
import { lookAtTemporal } from '../temporal/probe.js';
import { postgresBinaries } from './postgres/binaries.js';
import { cacheDir } from './supervisor/folders.js';
import { demandDatabase } from './supervisor/outside-servers.js';
import { messageOf } from './supervisor/stack-error.js';
import type { PartRecord } from './supervisor/stack-file.js';
import { temporalAtHand } from './temporal/binary.js';

/** @param live the parts of an `up` that runs here; none where none does */
export async function checkMachine(
  env: NodeJS.ProcessEnv,
  live: readonly PartRecord[],
): Promise<readonly DoctorCheck[]> {
  const part = (name: PartRecord['name']) => live.find((one) => one.name === name);
  const temporal = part('temporal');
  const postgres = part('postgres');
  return await Promise.all([
    temporal === undefined ? checkTemporal(env) : checkPart('Temporal', temporal),
    postgres === undefined ? checkPostgres(env) : checkPart('PostgreSQL', postgres),
    checkQemu(env),
    checkUnpackers(env),
  ]);
}

function checkPart(name: string, { state, address, pid, lastExit }: PartRecord): DoctorCheck {
  const place = `the running \`up\` has it at ${address} (process ${pid})`;
  if (state === 'ready') return ok(name, place);
  const remedy = 'Wait for it, and see its log in the data folder of `up` where it does not get ready.';
  return failed(
    name,
    `${place}: ${state}${lastExit === null ? '' : `, ended before with ${lastExit}`}`,
    remedy,
    'service',
  );
}

async function checkTemporal(env: NodeJS.ProcessEnv): Promise<DoctorCheck> {
  if (namesTemporal(env)) return await checkOutsideTemporal(env);
  const binary = await temporalAtHand(env, cacheDir(env));
  if (binary !== null) return ok('Temporal', `started here when needed: ${binary}`);
  return warning(
    'Temporal',
    'no server yet',
    'The first `up` gets it, which takes minutes; or put `temporal` on PATH, or set TEMPORAL_ADDRESS.',
  );
}

async function checkOutsideTemporal(env: NodeJS.ProcessEnv): Promise<DoctorCheck> {
  try {
    const settings = readTemporalSettings(env);
    const { address, namespace } = settings;
    const found = await lookAtTemporal(settings);
    if (found.serves)
      return ok('Temporal', `${address}${settings.tls === null ? '' : ' over TLS'}, namespace ${namespace}`);
    if (found.cause === 'setting') return wrongSetting(found.reason);
    const remedy = `See that the server runs and has the namespace (temporal operator namespace create ${namespace}), or unset TEMPORAL_ADDRESS to have one started here.`;
    return failed('Temporal', `${address} does not serve namespace ${namespace}: ${found.reason}`, remedy, 'service');
  } catch (error) {
    if (error instanceof ConfigError) return wrongSetting(error.message);
    throw error;
  }
}

function wrongSetting(reason: string): DoctorCheck {
  const remedy = 'Correct that variable, or unset TEMPORAL_ADDRESS to have a server started here.';
  return failed('Temporal', reason, remedy, 'request');
}

async function checkPostgres(env: NodeJS.ProcessEnv): Promise<DoctorCheck> {
  try {
    if (env.DATABASE_URL) {
      await demandDatabase(env.DATABASE_URL, new AbortController().signal, 0);
      return ok('PostgreSQL', 'DATABASE_URL lets us in');
    }
    const { postgres } = await postgresBinaries();
    await access(postgres, constants.X_OK);
    return ok('PostgreSQL', `started here when needed: ${postgres}`);
  } catch (error) {
    const remedy = env.DATABASE_URL
      ? 'Check DATABASE_URL and that the server runs, or unset it to have one started here.'
      : 'Install the packages again, with optional dependencies, or set DATABASE_URL.';
    return failed('PostgreSQL', messageOf(error), remedy, 'service');
  }
}

/** Needed for conversion alone: everything else works without it. */
async function checkQemu(env: NodeJS.ProcessEnv): Promise<DoctorCheck> {
  const version = await versionOf('qemu-img', env);
  if (version !== null) return ok('qemu-img', version);
  return warning(
    'qemu-img',
    'not on PATH: images are sent as they are, and formats that ECS refuses wait for it',
    'Install it for conversion: apt-get install qemu-utils, or dnf install qemu-img.',
  );
}

/** Needed for packed sources alone. */
async function checkUnpackers(env: NodeJS.ProcessEnv): Promise<DoctorCheck> {
  const programs = ['gzip', 'xz', 'zstd'];
  const versions = await Promise.all(programs.map((program) => versionOf(program, env)));
  const missing = programs.filter((_, index) => versions[index] === null);
  if (missing.length === 0) return ok('unpackers', programs.join(', '));
  return warning(
    'unpackers',
    `not on PATH: ${missing.join(', ')}; images that are packed so wait for them`,
    'Install them for packed images: apt-get install gzip xz-utils zstd, or dnf install gzip xz zstd.',
  );
}

/** The first line that a program says of itself; null where there is none. */
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

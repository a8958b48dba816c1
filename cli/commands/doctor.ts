/** `doctor`: checks everything that an import requires and prints how to fix what failed. Needs no running service. */
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { type Command, Option } from 'commander';
import type { AccountRole } from '../../alibaba/account-role.js';
import type { AssumptionResult } from '../../alibaba/verify-assumptions.js';
import type { DoctorCheck } from '../../domain/checkup.js';
import { ORDINARY_ACCESS, type UploadEndpoint } from '../../domain/oss-access.js';
import { accountProblem } from '../../domain/request/known-account.js';
import { UPLOAD_ENDPOINTS } from '../../domain/request/vocabulary.js';
import { liveUp } from '../../local/supervisor/instances.js';
import { assumptionsText } from '../assumptions-text.js';
import { activeProfile } from '../config-file.js';
import { say } from '../console.js';
import { printResult } from '../document.js';
import { EMULATOR_ACCOUNT } from '../emulated-account.js';
import { CommandError, EXIT, type ExitCode } from '../exit.js';
import { clean } from '../format.js';
import { type GlobalOptions, globalsOf } from '../globals.js';
import { collect } from '../option-values.js';
import { loadServerPart } from '../server-part.js';
import { styleOf } from '../style.js';
import { table } from '../table.js';
import { roleOption } from './policy.js';

interface Options extends GlobalOptions {
  readonly account?: string;
  readonly region?: string;
  readonly bucket?: string;
  readonly role: 'ensure' | 'verify' | 'skip';
  readonly roleName?: string;
  readonly cloudBox: boolean;
  readonly uploadEndpoint: UploadEndpoint;
  readonly copyTo?: readonly string[];
  readonly share: boolean;
  readonly verifyAgainstCloud: boolean;
}

export function addDoctor(program: Command): void {
  program
    .command('doctor')
    .description(
      'check credentials, permissions, region, bucket, role, quotas, clock, servers and tools, and print how to fix each failed check',
    )
    .option(
      '--account <name>',
      'check this account only (default: all; the bucket is that of the worker’s own account)',
    )
    .option('--region <id>', 'region of the images (default: $ALIBABA_CLOUD_REGION_ID, else the profile)')
    .option('--bucket <name>', 'bucket for uploads (default: the profile)')
    .addOption(roleOption())
    .option('--role-name <name>', 'RAM role that ECS uses to read the bucket')
    .addOption(
      new Option('--upload-endpoint <endpoint>', 'endpoint of OSS that imports choose')
        .choices([...UPLOAD_ENDPOINTS])
        .default('auto'),
    )
    .option('--cloud-box', 'check the role for imports from CloudBox instead', false)
    .option('--copy-to <region>', 'region that images are copied to; repeatable', collect)
    .option('--share', 'check the permission to share images with other accounts', false)
    .option(
      '--verify-against-cloud',
      'also print what the service assumes about the cloud (docs/cloud.md), and check what can be checked without changes',
      false,
    )
    .action(async (_options, command: Command) => doctor({ ...command.opts<Options>(), ...globalsOf(command) }));
}

async function doctor(options: Options): Promise<void> {
  const env = process.env;
  const profile = activeProfile(options.profile, env).settings;
  // Loaded on demand: the vendor's SDKs take most of a second to load.
  const [
    { checkCloud },
    { verifyAssumptions },
    { createCloud },
    { cloudWith },
    { cloudOfAccount },
    { accountsFromEnvironment },
    { cloudEndpoints, cloudFromEnvironment },
    { staticCredentials },
    { checkMachine },
    { checkWorkers },
    { checkService },
  ] = await loadServerPart('doctor', () =>
    Promise.all([
      import('../../alibaba/checkup.js'),
      import('../../alibaba/verify-assumptions.js'),
      import('../../alibaba/create-cloud.js'),
      import('../../alibaba/cloud.js'),
      import('../../alibaba/account-clients.js'),
      import('../../config/accounts.js'),
      import('../../config/cloud.js'),
      import('../../alibaba/credentials.js'),
      import('../../local/checkup.js'),
      import('../worker-check.js'),
      import('../service-checks.js'),
    ]),
  );
  const up = await liveUp(env);
  const live = up?.parts ?? [];
  const named = cloudEndpoints(env);
  // Without endpoints in the environment, check the cloud that the running service uses.
  const { ecs, ram, sts, oss } = named;
  const emulator = [ecs, ram, sts, oss].some((url) => url !== undefined)
    ? null
    : (live.find(({ name }) => name === 'emulator')?.address ?? null);
  const endpoints = emulator === null ? named : { ecs: emulator, ram: emulator, sts: emulator, oss: emulator };
  if (emulator !== null) say(`checking the emulator of the running \`up\`: ${emulator}`);
  const api =
    options.api ?? (env.ECS_IMPORT_API || profile.api || live.find(({ name }) => name === 'api')?.address || null);
  const access =
    emulator === null || env.ALIBABA_CLOUD_ACCESS_KEY_ID
      ? cloudFromEnvironment(env, endpoints)
      : { endpoints, credentials: staticCredentials(EMULATOR_ACCOUNT) };
  const roles = accountsFromEnvironment(env);
  const role = roleNamed(options.account, roles);
  const setup = {
    cloud: cloudWith(role === null ? createCloud(access) : cloudOfAccount(role, access, hostname()), {
      ...ORDINARY_ACCESS,
      endpoint: options.uploadEndpoint,
    }),
    endpoints,
    region: options.region ?? (env.ALIBABA_CLOUD_REGION_ID || profile.region || null),
    bucket: options.bucket ?? profile.bucket ?? null,
    role: options.role,
    roleName: options.roleName ?? null,
    cloudBox: options.cloudBox,
    copyTo: options.copyTo ?? [],
    share: options.share,
    unique: `doctor${randomBytes(8).toString('hex')}`,
  };
  // A bucket belongs to one account, so it is not checked in the others.
  const others = (role === null ? roles : []).map(async (other) =>
    inAccount(
      other.name,
      await checkCloud({ ...setup, bucket: null, cloud: cloudOfAccount(other, access, hostname()) }),
    ),
  );
  const [cloud, inOthers, machine, workers, service] = await Promise.all([
    checkCloud(setup),
    Promise.all(others),
    checkMachine(env, up),
    checkWorkers(api, env),
    checkService(api, env),
  ]);
  const checks = [
    ...(role === null ? cloud : inAccount(role.name, cloud)),
    ...inOthers.flat(),
    ...machine,
    ...workers,
    ...service,
  ];
  const assumptions = options.verifyAgainstCloud ? await verifyAssumptions(setup) : null;
  const exitCode = exitCodeOf(checks, assumptions ?? []);
  const document = { ok: exitCode === EXIT.done, checks, ...(assumptions === null ? {} : { assumptions }) };
  printResult(options, document, () =>
    [asText(checks), ...(assumptions === null ? [] : [assumptionsText(assumptions, setup)])].join('\n\n'),
  );
  if (exitCode !== EXIT.done) throw new CommandError(exitCode, []);
}

function roleNamed(name: string | undefined, roles: readonly AccountRole[]): AccountRole | null {
  const unknown = accountProblem(
    name,
    roles.map((role) => role.name),
  );
  if (unknown !== null) throw new CommandError(EXIT.usage, [`--account: ${unknown.message}`]);
  return roles.find((role) => role.name === name) ?? null;
}

/** The clock is that of this host, whatever the account. */
function inAccount(account: string, checks: readonly DoctorCheck[]): readonly DoctorCheck[] {
  return checks.filter(({ name }) => name !== 'clock').map((check) => ({ ...check, account }));
}

function nameOf({ name, account }: DoctorCheck): string {
  return account === undefined ? name : `${account}: ${name}`;
}

/** Faults that the user can fix have priority: they often cause the others. */
function exitCodeOf(checks: readonly DoctorCheck[], assumptions: readonly AssumptionResult[]): ExitCode {
  const faults = new Set(checks.filter(({ status }) => status === 'failed').map(({ fault }) => fault));
  if (assumptions.some(({ outcome }) => outcome === 'different')) faults.add('person');
  if (faults.size === 0) return EXIT.done;
  if (faults.has('person')) return EXIT.attention;
  if (faults.has('service')) return EXIT.unreachable;
  return faults.has('not-ready') ? EXIT.notReady : EXIT.usage;
}

const RESULTS: Readonly<Record<DoctorCheck['status'], string>> = {
  ok: 'ok',
  warning: 'warning',
  failed: 'FAILED',
  skipped: 'skipped',
};

function asText(checks: readonly DoctorCheck[]): string {
  const rows = checks.map((check) => {
    const result = RESULTS[check.status];
    return [nameOf(check), { text: result, style: styleOf(result) }, check.found];
  });
  const remedies = checks.filter(({ remedy, status }) => remedy !== '' && status !== 'skipped');
  const count = checks.filter(({ status }) => status === 'failed').length;
  return [
    table(['check', 'result', 'details'], rows),
    ...(remedies.length === 0 ? [] : ['', 'how to fix:']),
    ...remedies.map((check) => `  ${nameOf(check)}: ${clean(check.remedy)}`),
    '',
    count === 0 ? 'all required checks passed' : `${count} ${count === 1 ? 'check' : 'checks'} failed`,
  ].join('\n');
}

/** `policy`: prints the least RAM policy for the service, in the JSON format of the RAM console. */
import { type Command, Option } from 'commander';
import { accountPolicies, leastPolicy } from '../../alibaba/least-policy.js';
import { accountsFromEnvironment } from '../../config/accounts.js';
import { accountProblem } from '../../domain/request/known-account.js';
import { print } from '../console.js';
import { withFields } from '../document.js';
import { CommandError, EXIT } from '../exit.js';
import { globalsOf } from '../globals.js';
import { collect } from '../option-values.js';

interface Options {
  readonly account?: string;
  readonly trust: string;
  readonly region?: readonly string[];
  readonly bucket?: readonly string[];
  readonly role: 'ensure' | 'verify' | 'skip';
  readonly roleName?: readonly string[];
  readonly cloudBox: boolean;
  readonly upload: boolean;
  readonly copyTo?: readonly string[];
  readonly share: boolean;
}

export function addPolicy(program: Command): void {
  program
    .command('policy')
    .description('print the least-privilege RAM policy for the service, as JSON')
    .option(
      '--account <name>',
      'print what a configured account needs: the trust policy and the policy of its role, and the policy of the worker',
    )
    .option(
      '--trust <account>',
      'with --account: ID of the worker’s account, or ARN of its RAM user or role',
      'ACCOUNT',
    )
    .option(
      '--region <id>',
      'allow images in this region only; repeatable (default: $ALIBABA_CLOUD_REGION_ID, else all)',
      collect,
    )
    .option('--bucket <name>', 'allow this bucket only; repeatable', collect)
    .addOption(roleOption())
    .option('--role-name <name>', 'RAM role that ECS uses to read the bucket; repeatable', collect)
    .option('--cloud-box', 'allow the role for imports from CloudBox, and uploads to its OSS', false)
    .option('--no-upload', 'no upload permissions: imports use existing OSS objects only')
    .option('--copy-to <region>', 'allow copies of images to this region; repeatable', collect)
    .option('--share', 'allow to share images with other accounts', false)
    .action((_options, command: Command) => {
      const {
        account,
        trust,
        region = regionOfEnvironment(process.env),
        bucket = [],
        roleName = [],
        copyTo = [],
        ...others
      } = command.opts<Options>();
      const features = { ...others, regions: region, copyTo, buckets: bucket, roleNames: roleName };
      const roles = accountsFromEnvironment(process.env);
      const own = { ...features, assumedRoles: roles.map(({ roleArn }) => roleArn) };
      const role = roles.find(({ name }) => name === account);
      const unknown = accountProblem(
        account,
        roles.map(({ name }) => name),
      );
      if (unknown !== null) throw new CommandError(EXIT.usage, [`--account: ${unknown.message}`]);
      const policy = role === undefined ? leastPolicy(own) : accountPolicies(role, principal(trust), features);
      const { fields } = globalsOf(command);
      print(JSON.stringify(fields === undefined ? policy : withFields(policy, fields), null, 2));
    });
}

function regionOfEnvironment({ ALIBABA_CLOUD_REGION_ID: region }: NodeJS.ProcessEnv): readonly string[] {
  return region ? [region] : [];
}

/** Without an account, the text has a placeholder to replace. */
function principal(trust: string): string {
  return trust === 'ACCOUNT' ? 'acs:ram::ACCOUNT:root' : trust;
}

export function roleOption(): Option {
  return new Option('--role <policy>', 'how the service handles the RAM role for ECS: ensure creates it if missing')
    .choices(['ensure', 'verify', 'skip'])
    .default('ensure');
}

/** `policy`: the least RAM policy for what the service is to do, as the JSON that the RAM console takes. */
import { type Command, Option } from 'commander';
import { leastPolicy } from '../../alibaba/least-policy.js';
import { print } from '../console.js';
import { collect } from '../option-values.js';

interface Options {
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
    .description('print the least RAM policy that this service needs, as JSON')
    .option('--region <id>', 'only images of this region; may be repeated', collect)
    .option('--bucket <name>', 'only this bucket; may be repeated', collect)
    .addOption(roleOption())
    .option('--role-name <name>', 'role that ECS reads the bucket with; may be repeated', collect)
    .option('--cloud-box', 'imports from CloudBox, which has a role of its own', false)
    .option('--no-upload', 'only objects that are in OSS already')
    .option('--copy-to <region>', 'copies of images there too; may be repeated', collect)
    .option('--share', 'images are shared with other accounts', false)
    .action((_options, command: Command) => {
      const { region = [], bucket = [], roleName = [], copyTo = [], ...others } = command.opts<Options>();
      const features = { ...others, regions: region, copyTo, buckets: bucket, roleNames: roleName };
      print(JSON.stringify(leastPolicy(features), null, 2));
    });
}

export function roleOption(): Option {
  return new Option('--role <policy>', 'what the service does about the import role')
    .choices(['ensure', 'verify', 'skip'])
    .default('ensure');
}

/** `policy`: prints the least RAM policy for the service, in the JSON format of the RAM console. */
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
    .description('print the least-privilege RAM policy for the service, as JSON')
    .option('--region <id>', 'allow images in this region only; repeatable', collect)
    .option('--bucket <name>', 'allow this bucket only; repeatable', collect)
    .addOption(roleOption())
    .option('--role-name <name>', 'RAM role that ECS uses to read the bucket; repeatable', collect)
    .option('--cloud-box', 'allow the role for imports from CloudBox', false)
    .option('--no-upload', 'no upload permissions: imports use existing OSS objects only')
    .option('--copy-to <region>', 'allow copies of images to this region; repeatable', collect)
    .option('--share', 'allow to share images with other accounts', false)
    .action((_options, command: Command) => {
      const { region = [], bucket = [], roleName = [], copyTo = [], ...others } = command.opts<Options>();
      const features = { ...others, regions: region, copyTo, buckets: bucket, roleNames: roleName };
      print(JSON.stringify(leastPolicy(features), null, 2));
    });
}

export function roleOption(): Option {
  return new Option('--role <policy>', 'how the service handles the RAM role for ECS: ensure creates it if missing')
    .choices(['ensure', 'verify', 'skip'])
    .default('ensure');
}

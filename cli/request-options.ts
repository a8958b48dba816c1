/** The options of `import` that set fields of the request: one table for help, and for errors that name what a person typed. */
import { type Command, Option } from 'commander';
import { collect, collectPairs, count, dataDisk } from './option-values.js';
import { describeField } from './request-fields.js';

interface RequestOption {
  readonly flags: string;
  /** The field of the request; texts of other options come from the schema. */
  readonly field: string;
  /** Before the text of the schema. */
  readonly about?: string;
  /** Instead of the text of the schema. */
  readonly text?: string;
  readonly parse?: (text: string, before: never) => unknown;
}

const GROUPS: Readonly<Record<string, readonly RequestOption[]>> = {
  'Where to:': [
    { flags: '--region <id>', field: 'region', text: 'region (default: $ALIBABA_CLOUD_REGION_ID, else the profile)' },
    { flags: '--bucket <name>', field: 'upload.bucket', text: 'bucket in that region (default: the profile)' },
    {
      ...{ flags: '--name <name>', field: 'imageName' },
      text: 'name of the image; {date}, {time}, {source} and {sha} stand for the day, the time, the file’s name and its digest',
    },
    { flags: '--account <name>', field: 'account' },
  ],
  'Image:': [
    { flags: '--description <text>', field: 'description', text: 'description of the image' },
    { flags: '--architecture <arch>', field: 'architecture', about: 'CPU architecture' },
    { flags: '--os-type <type>', field: 'osType', about: 'operating system' },
    { flags: '--platform <name>', field: 'platform', about: 'distribution' },
    { flags: '--boot-mode <mode>', field: 'bootMode', about: 'boot mode' },
    { flags: '--license-type <type>', field: 'licenseType', about: 'licence of Windows' },
    { flags: '--resource-group-id <id>', field: 'resourceGroupId' },
    { flags: '--tag <key=value>', field: 'tags', text: 'tag of the image; repeatable', parse: collectPairs },
    { flags: '--nvme-support <value>', field: 'features.nvmeSupport', about: 'NVMe support' },
    { flags: '--imds-support <value>', field: 'features.imdsSupport', about: 'access to instance metadata' },
  ],
  'Disks:': [
    { flags: '--format <format>', field: 'disks[0].format', about: 'format of the system disk' },
    {
      flags: '--disk-image-size <GiB>',
      field: 'disks[0].diskImageSize',
      about: 'size of the system disk in GiB',
      parse: count,
    },
    { flags: '--sha256 <hex>', field: 'disks[0].sha256' },
    { flags: '--credential <name>', field: 'disks[0].credential' },
    {
      ...{ flags: '--data-disk <disk>', field: 'disks', parse: dataDisk },
      text: 'data disk: SOURCE[,format=F][,size=GiB][,sha256=HEX][,credential=NAME]; repeatable',
    },
  ],
  'Upload and role:': [
    { flags: '--prefix <key>', field: 'upload.prefix' },
    {
      flags: '--convert <how>',
      field: 'upload.convert',
      text: 'conversion before the upload; auto: if the format requires it',
    },
    { flags: '--trim <what>', field: 'upload.trim', about: 'what is not sent' },
    { flags: '--upload-endpoint <endpoint>', field: 'upload.endpoint' },
    { flags: '--keep-object', field: 'upload.keepObject', text: 'keep the uploaded object after the import' },
    { flags: '--role <policy>', field: 'role', about: 'RAM role' },
    { flags: '--role-name <name>', field: 'roleName', about: 'role' },
    { flags: '--storage-location-arn <arn>', field: 'storageLocationArn' },
  ],
  'Checks:': [
    { flags: '--detection-strategy <name>', field: 'detection.strategy', text: 'the cloud’s check of the image' },
    {
      ...{ flags: '--no-detection-wait', field: 'detection.wait' },
      text: 'end the import without waiting for the cloud’s check',
    },
    { flags: '--fail-on <severity>', field: 'detection.failOn', about: 'findings that fail the import' },
    {
      ...{ flags: '--force', field: 'inspection.failOn' },
      text: 'import despite blocking findings of the inspection',
    },
    {
      flags: '--boot-check',
      field: 'inspection.bootCheck',
      text: 'boot the image in a virtual machine before the upload (minutes)',
    },
  ],
  'Copies and sharing:': [
    {
      flags: '--copy-to <region>',
      field: 'distribute.regions',
      text: 'copy the image to this region; repeatable',
      parse: collect,
    },
    {
      flags: '--share-with <account>',
      field: 'distribute.shareWith',
      text: 'share the image with this account ID; repeatable',
      parse: collect,
    },
    {
      ...{ flags: '--resource-share <region=id>', field: 'distribute.resourceShares', parse: collectPairs },
      text: 'resource share for the image in this region; repeatable',
    },
    { flags: '--encrypt', field: 'distribute.encrypt', about: 'encrypt the copies' },
    {
      ...{ flags: '--kms-key <region=id>', field: 'distribute.kmsKeyId', parse: collectPairs },
      text: 'key that encrypts the copy in this region; repeatable',
    },
  ],
  'Run:': [{ flags: '--dry-run', field: 'dryRun', text: 'run all checks, print the plan, and create nothing' }],
};

const ALL = Object.values(GROUPS).flat();

/** An option whose text comes from the schema, which is read only for the help. */
class FieldOption extends Option {
  constructor(private readonly of: RequestOption) {
    super(of.flags, of.text ?? of.field);
  }

  describe(): string {
    const { field, text, about } = this.of;
    return describeField(field, { text, about, isFlag: !this.required });
  }
}

function optionFor(one: RequestOption): Option {
  const option = new FieldOption(one);
  const { parse } = one;
  // Commander passes the value before, which these parsers type.
  if (parse !== undefined) option.argParser((text: string, before: unknown) => parse(text, before as never));
  return option;
}

/** The text of an option in the help. */
export function optionText(option: Option): string | null {
  return option instanceof FieldOption ? option.describe() : null;
}

export function addRequestOptions(command: Command): Command {
  for (const [heading, options] of Object.entries(GROUPS)) {
    command.optionsGroup(heading);
    for (const one of options) {
      command.addOption(optionFor(one));
    }
  }
  return command;
}

/** The given options, with the texts that `import` has. @param names as `--boot-mode` */
export function addSomeRequestOptions(command: Command, names: readonly string[]): Command {
  for (const one of ALL.filter(({ flags }) => names.includes(flags.split(' ')[0] ?? '')))
    command.addOption(optionFor(one));
  return command;
}

/** The option that sets a field or a part of it: `--bucket` of `upload.bucket`; null: none. */
export function optionOfField(path: string): string | null {
  const isPart = (field: string) => path === field || path.startsWith(`${field}.`) || path.startsWith(`${field}[`);
  const found = ALL.filter(({ field }) => isPart(field)).sort((a, b) => b.field.length - a.field.length)[0];
  return found === undefined ? null : (new Option(found.flags).long ?? null);
}

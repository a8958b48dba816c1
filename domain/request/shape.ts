/** The fields of a request with their types, rules and defaults. Rules that concern several fields are in rules.ts. */
import { z } from 'zod';
import { sourceProblems } from './source-rules.js';
import { MAX_REQUEST_TAGS } from './tag-rules.js';
import {
  ACCOUNT_NAME_RULES,
  ACCOUNT_RULES,
  BUCKET_RULES,
  brokenRules,
  CREDENTIAL_NAME_RULES,
  DESCRIPTION_RULES,
  IMAGE_NAME_RULES,
  KMS_KEY_RULES,
  PREFIX_RULES,
  REGION_RULES,
  RESOURCE_GROUP_RULES,
  RESOURCE_SHARE_RULES,
  ROLE_NAME_RULES,
  SHA256_RULES,
  STORAGE_LOCATION_RULES,
  type TextRule,
} from './text-rules.js';
import {
  ARCHITECTURES,
  BOOT_MODES,
  CONVERT,
  DETECTION_FAIL_ON,
  DETECTION_STRATEGIES,
  IMAGE_FORMATS,
  IMDS_SUPPORT,
  LICENSE_TYPES,
  MAX_DISK_GIB,
  MAX_DISKS,
  MAX_SHARED_ACCOUNTS,
  MIN_DISK_GIB,
  NVME_SUPPORT,
  OS_TYPES,
  PLATFORMS,
  ROLE_MODES,
  TRIM,
  UPLOAD_ENDPOINTS,
} from './vocabulary.js';

/** A string with rules; `meta` goes into the OpenAPI document. */
function text(rules: readonly TextRule[], meta: Readonly<Record<string, unknown>>) {
  return z
    .string()
    .superRefine((value, context) => {
      for (const { name, message } of brokenRules(rules, value)) {
        context.addIssue({ code: 'custom', message, params: { rule: name } });
      }
    })
    .meta(meta);
}

const source = z
  .string()
  .superRefine((value, context) => {
    for (const { rule, message, vendorCode } of sourceProblems(value)) {
      context.addIssue({ code: 'custom', message, params: { rule, vendorCode } });
    }
  })
  .meta({
    description: 'file:///path (or file://HOST/path), https://…, http://… or oss://bucket/key',
    examples: ['file:///images/web-01.qcow2'],
  });

const disk = z.strictObject({
  source,
  format: z
    .enum(IMAGE_FORMATS)
    .exactOptional()
    .describe('Absent: detected from the content. VMDK requires that the vendor allows it for the account'),
  diskImageSize: z
    .int()
    .min(MIN_DISK_GIB)
    .max(MAX_DISK_GIB)
    .exactOptional()
    .describe('GiB; absent: the image’s virtual size, rounded up'),
  sha256: text(SHA256_RULES, { description: 'Expected SHA-256 of the source', pattern: '^[0-9a-fA-F]{64}$' })
    .transform((hex) => hex.toLowerCase())
    .exactOptional(),
  credential: text(CREDENTIAL_NAME_RULES, {
    description: 'Name of a credential in the worker’s configuration, which it sends to the server of a web source',
    examples: ['mirror-a'],
  }).exactOptional(),
});

const tags = z.record(z.string(), z.string()).meta({
  description: 'Tags of the image, key to value; keys are case-insensitive',
  maxProperties: MAX_REQUEST_TAGS,
});

const upload = z.strictObject({
  bucket: text(BUCKET_RULES, {
    description: 'In the import’s region',
    minLength: 3,
    maxLength: 63,
    pattern: '^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$',
  })
    .exactOptional()
    .describe(
      'The bucket that disks are uploaded to, in the import’s region; optional if all disks are oss:// objects',
    ),
  prefix: text(PREFIX_RULES, { description: 'Key prefix of uploaded objects' }).default('imports/'),
  convert: z.enum(CONVERT).default('auto').describe('auto: if the format requires it'),
  trim: z
    .enum(TRIM)
    .exactOptional()
    .describe(
      'free-space: blocks that the file systems of the disk mark as free, and the contents of swap space, are not sent. none (the default): everything is sent',
    ),
  keepObject: z.boolean().default(false).describe('Keep the uploaded object after the import'),
  endpoint: z
    .enum(UPLOAD_ENDPOINTS)
    .exactOptional()
    .describe(
      'The endpoint of OSS that disks are uploaded to. auto (the default): as the operator configured, else internal if the worker runs on ECS in the region, else public. accelerate requires transfer acceleration of the bucket',
    ),
});

const detection = z.strictObject({
  strategy: z.enum(DETECTION_STRATEGIES).default('Standard').describe('none: the cloud does not check the image'),
  wait: z.boolean().default(true).describe('Wait for the cloud’s detection before the import is done'),
  failOn: z.enum(DETECTION_FAIL_ON).default('blocking').describe('The lowest severity that fails the import'),
});

const inspection = z.strictObject({
  failOn: z
    .enum(DETECTION_FAIL_ON)
    .exactOptional()
    .describe(
      'The lowest severity of inspection findings that stops the import before the upload; absent: blocking, or never if detection.failOn is never',
    ),
  bootCheck: z
    .boolean()
    .exactOptional()
    .describe('Boot the image in a virtual machine before the upload and wait for a login prompt; takes minutes'),
});

const region = () => text(REGION_RULES, { description: 'Region ID', examples: ['cn-hangzhou'] });

const distribute = z.strictObject({
  regions: z.array(region()).default([]).describe('Regions that the image is copied to'),
  shareWith: z
    .array(text(ACCOUNT_RULES, { description: 'Account ID', examples: ['1234567890123456'] }))
    .max(MAX_SHARED_ACCOUNTS)
    .default([])
    .describe('Accounts that the image is shared with'),
  resourceShares: z
    .record(z.string(), text(RESOURCE_SHARE_RULES, { description: 'Resource share ID', examples: ['rs-6GRmdD3Xabcd'] }))
    .exactOptional()
    .describe(
      'Region to the ID of the resource share that the image or copy there is added to; its targets are a resource directory, folders or members',
    ),
  encrypt: z
    .boolean()
    .exactOptional()
    .describe('Encrypt the copies; absent: the account’s setting for their region decides'),
  kmsKeyId: z
    .record(
      z.string(),
      text(KMS_KEY_RULES, { description: 'Key ID', examples: ['e522b26d-abf6-4e0d-b5da-04b7a9c1d03c'] }),
    )
    .exactOptional()
    .describe(
      'Region to the ID of the key (KMS) that encrypts the copy there; without a key, an encrypted copy has the service key of ECS and cannot be shared',
    ),
});

export const importRequestSchema = z.strictObject({
  account: text(ACCOUNT_NAME_RULES, {
    description:
      'Name of the account that the import works in, from the operator’s configuration; absent: the account of the worker’s own credentials',
    examples: ['production'],
  }).exactOptional(),
  region: region(),
  imageName: text(IMAGE_NAME_RULES, {
    description:
      'A letter or Chinese character, then letters, digits and . : _ -; not starting with aliyun or acs:; unique in the region',
    minLength: 2,
    maxLength: 128,
    examples: ['web-01'],
  }),
  description: text(DESCRIPTION_RULES, {
    description: 'Not starting with http:// or https://',
    minLength: 2,
    maxLength: 256,
  }).exactOptional(),
  architecture: z.enum(ARCHITECTURES).exactOptional().describe('Absent: detected from the image, else x86_64'),
  osType: z
    .enum(OS_TYPES)
    .exactOptional()
    .describe('Absent: derived from the platform or detected from the image, else linux'),
  platform: z.enum(PLATFORMS).exactOptional().describe('Absent: detected from the image, else Others Linux'),
  bootMode: z
    .enum(BOOT_MODES)
    .exactOptional()
    .describe(
      'Absent: detected from the image, else BIOS; arm64 requires UEFI. UEFI-Preferred: for disks that boot both ways',
    ),
  licenseType: z.enum(LICENSE_TYPES).exactOptional().describe('Required for Windows; without effect on Linux'),
  resourceGroupId: text(RESOURCE_GROUP_RULES, {
    description: 'Resource group of the image',
    examples: ['rg-bp67acfmxazb4p'],
  }).exactOptional(),
  roleName: text(ROLE_NAME_RULES, {
    description: 'Name of the RAM role that ECS reads the bucket with; absent: the vendor’s default role',
  }).exactOptional(),
  storageLocationArn: text(STORAGE_LOCATION_RULES, {
    description: 'ARN of the CloudBox whose OSS contains the image; only for imports from a CloudBox',
    examples: ['arn:acs:cloudbox:cn-hangzhou:123456:cloudbox/cb-xx123'],
  }).exactOptional(),
  disks: z.array(disk).min(1).max(MAX_DISKS).describe('The system disk first, then up to 16 data disks'),
  tags: tags.default({}),
  features: z
    .strictObject({
      nvmeSupport: z.enum(NVME_SUPPORT).exactOptional().describe('Absent: detected from the image, else unsupported'),
      imdsSupport: z
        .enum(IMDS_SUPPORT)
        .exactOptional()
        .describe('Absent: v1. v2: instances may require the hardened mode of the metadata service'),
    })
    .exactOptional()
    .describe('Features of instances created from the image'),
  upload: upload.prefault({}).describe('Where and in which format disks are uploaded'),
  role: z
    .enum(ROLE_MODES)
    .default('ensure')
    .describe(
      'ensure: create or complete the RAM role that ECS reads the bucket with; verify: check it only; skip: do neither',
    ),
  detection: detection.prefault({}).describe('The cloud’s check of the image after the import'),
  inspection: inspection.exactOptional().describe('Our inspection of the image before the upload'),
  distribute: distribute.prefault({}).describe('Copies and sharing of the image after detection'),
  dryRun: z.boolean().default(false).describe('Stop after preflight, without uploading or creating anything'),
});

export type ParsedRequest = z.output<typeof importRequestSchema>;

/** The fields of a request, their types, rules and defaults. What takes two fields to judge is in request-rules.ts. */
import { z } from 'zod';
import { sourceProblems } from './source-rules.js';
import { MAX_OWN_TAGS } from './tag-rules.js';
import {
  ACCOUNT_RULES,
  BUCKET_RULES,
  brokenRules,
  DESCRIPTION_RULES,
  IMAGE_NAME_RULES,
  PREFIX_RULES,
  REGION_RULES,
  RESOURCE_GROUP_RULES,
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
} from './vocabulary.js';

/** A text held to rules; `meta` goes into the OpenAPI document. */
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
  format: z.enum(IMAGE_FORMATS).exactOptional().describe('Absent: told from the content. VMDK is by invitation'),
  diskImageSize: z
    .int()
    .min(MIN_DISK_GIB)
    .max(MAX_DISK_GIB)
    .exactOptional()
    .describe('GiB; absent: the image’s virtual size, rounded up'),
  sha256: text(SHA256_RULES, { description: 'What the source’s bytes have to add up to', pattern: '^[0-9a-fA-F]{64}$' })
    .transform((hex) => hex.toLowerCase())
    .exactOptional(),
});

const tags = z.record(z.string(), z.string()).meta({
  description: 'Tags of the image, key to value; keys differ in more than capitals',
  maxProperties: MAX_OWN_TAGS,
});

const upload = z.strictObject({
  bucket: text(BUCKET_RULES, {
    description: 'In the import’s region',
    minLength: 3,
    maxLength: 63,
    pattern: '^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$',
  })
    .exactOptional()
    .describe('Where disks are uploaded to, in the import’s region; may be absent when all disks are oss:// objects'),
  prefix: text(PREFIX_RULES, { description: 'What the keys of uploaded objects start with' }).default('imports/'),
  convert: z.enum(CONVERT).default('auto').describe('auto: where the format needs it'),
  keepObject: z.boolean().default(false).describe('Keep the uploaded object after the import'),
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
      'The lowest severity of our own findings that stops the import before the upload; absent: blocking, or never where detection.failOn is never',
    ),
  bootCheck: z
    .boolean()
    .exactOptional()
    .describe('Start the image in an emulated machine before the upload, and wait for a login prompt: takes minutes'),
});

const region = () => text(REGION_RULES, { description: 'A region’s id', examples: ['cn-hangzhou'] });

const distribute = z.strictObject({
  regions: z.array(region()).default([]).describe('Regions that get a copy'),
  shareWith: z
    .array(text(ACCOUNT_RULES, { description: 'An account’s number', examples: ['1234567890123456'] }))
    .max(MAX_SHARED_ACCOUNTS)
    .default([])
    .describe('Accounts that may use the image'),
});

export const importRequestSchema = z.strictObject({
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
  architecture: z.enum(ARCHITECTURES).exactOptional().describe('Absent: as the image shows, else x86_64'),
  osType: z.enum(OS_TYPES).exactOptional().describe('Absent: as the platform or the image tells, else linux'),
  platform: z.enum(PLATFORMS).exactOptional().describe('Absent: as the image shows, else Others Linux'),
  bootMode: z.enum(BOOT_MODES).exactOptional().describe('Absent: as the image shows, else BIOS; arm64 is UEFI only'),
  licenseType: z.enum(LICENSE_TYPES).exactOptional().describe('Needed for Windows, and for Windows only'),
  resourceGroupId: text(RESOURCE_GROUP_RULES, {
    description: 'Of the image',
    examples: ['rg-bp67acfmxazb4p'],
  }).exactOptional(),
  roleName: text(ROLE_NAME_RULES, {
    description: 'Of the role by which ECS reads the bucket; absent: the vendor’s default',
  }).exactOptional(),
  storageLocationArn: text(STORAGE_LOCATION_RULES, {
    description: 'Of the CloudBox whose OSS holds the image; only for imports from a CloudBox',
    examples: ['arn:acs:cloudbox:cn-hangzhou:123456:cloudbox/cb-xx123'],
  }).exactOptional(),
  disks: z.array(disk).min(1).max(MAX_DISKS).describe('The system disk first, then up to 16 data disks'),
  tags: tags.default({}),
  features: z
    .strictObject({
      nvmeSupport: z.enum(NVME_SUPPORT).exactOptional().describe('Absent: as the image shows, else unsupported'),
      imdsSupport: z.enum(IMDS_SUPPORT).exactOptional().describe('Absent: v1. v2: instances may be made hardened-only'),
    })
    .exactOptional()
    .describe('What instances made from the image can do'),
  upload: upload.prefault({}).describe('Where the disks go on their way, and in what form'),
  role: z.enum(ROLE_MODES).default('ensure').describe('What to do about the role by which ECS reads the bucket'),
  detection: detection.prefault({}).describe('The cloud’s own check of the image, after the import'),
  inspection: inspection.exactOptional().describe('Our own look at the image, before the upload'),
  distribute: distribute.prefault({}).describe('What is done with the image once it is checked'),
  dryRun: z.boolean().default(false).describe('Stop after preflight: nothing is uploaded or made'),
});

export type ParsedRequest = z.output<typeof importRequestSchema>;

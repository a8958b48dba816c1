/** The schemas of an inspection and of its request. */
import { z } from 'zod';
import type { Inspection } from '../images/inspection.js';
import { findingSchema } from './schemas.js';

export const inspectionRequestSchema = z.strictObject({
  source: z
    .string()
    .min(1)
    .describe('file:///path, or file://HOST/path for the worker of that host; an absolute path means file:///path'),
  role: z.enum(['system', 'data']).default('system').describe('For a data disk, only the container is read'),
});

const bootMode = z.enum(['BIOS', 'UEFI']);
const bootLink = z.enum([
  ...(['firmware', 'boot loader', 'boot entry', 'kernel', 'initramfs', 'root device', 'mounts', 'init'] as const),
]);
const bootLinkState = z.enum(['verified', 'broken', 'not verified']);
const bytes = z.number().nullable();
const detected = z.string().nullable();

export const inspectionSchema = z.object({
  id: z.string().describe('Its result can be read again at /v1/inspections/{id}, for 180 days'),
  createdAt: z.iso.datetime(),
  createdBy: z
    .object({ client: z.string().nullable(), user: z.string().nullable(), identity: z.string().nullable() })
    .describe('Who inspected it: the identity, and what the client states'),
  role: z.enum(['system', 'data']),
  source: z.string(),
  format: z.enum(['RAW', 'QCOW2', 'VHD', 'VMDK', 'VHDX', 'VDI', 'ISO', 'OVA', 'TAR', 'GZIP', 'XZ', 'ZSTD', 'UNKNOWN']),
  subformat: detected,
  virtualSize: bytes.describe('Size of the disk as the guest sees it, in bytes'),
  fileSize: z.number(),
  allocatedSize: z.number(),
  contains: z
    .object({ name: z.string(), format: z.string(), offset: z.number(), size: z.number(), sparse: z.boolean() })
    .nullable()
    .describe('The disk in an archive, and its location there'),
  diskImageSizeGiB: z.number().nullable().describe('The smallest possible diskImageSize'),
  partitionTable: z.enum(['gpt', 'mbr', 'none']).nullable(),
  volumes: z.array(
    z.object({
      name: z.string(),
      size: bytes,
      content: detected,
      uuid: detected,
      label: detected,
      damage: z.string().optional().describe('Why its file system cannot be read; absent: no damage was found'),
    }),
  ),
  architecture: z.enum(['x86_64', 'i386', 'arm64']).nullable(),
  bootMode: bootMode.nullable().describe('The boot mode to import it with'),
  bootModes: z.array(bootMode).describe('All boot modes that the disk supports'),
  bootChain: z
    .array(z.object({ link: bootLink, state: bootLinkState, evidence: z.string() }))
    .describe('What is known of each step from the firmware to the init program of a Linux guest'),
  osType: z.enum(['linux', 'windows']).nullable(),
  platform: detected.describe('One of the vendor’s Platform values'),
  osVersion: detected,
  osName: detected,
  kernelVersion: detected,
  cloudInitVersion: detected,
  hostName: detected,
  packageFormat: z.enum(['deb', 'rpm', 'apk', 'pacman', 'xbps', 'ebuild']).nullable(),
  mounts: z
    .array(z.object({ volume: z.string(), at: z.string() }))
    .describe('Volumes of this disk that the guest mounts'),
  nvmeSupport: z.enum(['supported', 'unsupported']).nullable(),
  findings: z.array(findingSchema),
  depth: z.enum(['container', 'guest']).describe('Whether only the container or also the guest was read'),
});

export const inspectionListSchema = z.object({
  inspections: z.array(
    inspectionSchema
      .pick({ id: true, createdAt: true, createdBy: true, role: true, source: true, format: true, osName: true })
      .extend({ blocking: z.int(), warnings: z.int() }),
  ),
  nextCursor: z.string().nullable().describe('null: this is the last page'),
});

type Lists = 'findings' | 'volumes' | 'bootModes' | 'bootChain' | 'mounts';
/** Fails to compile if the document and the responses differ. */
type Documented = Omit<z.infer<typeof inspectionSchema>, 'source' | 'id' | 'createdAt' | 'createdBy' | 'role' | Lists>;
export const inspectionIsDocumented: (inspection: Omit<Inspection, Lists>) => unknown = (inspection) =>
  inspection satisfies Documented;

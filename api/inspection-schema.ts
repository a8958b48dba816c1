/** The shape of an inspection and of what asks for one, for the OpenAPI document and the route. */
import { z } from 'zod';
import type { Inspection } from '../images/inspection.js';
import { findingSchema } from './schemas.js';

export const inspectionRequestSchema = z.strictObject({
  source: z
    .string()
    .min(1)
    .describe('file:///path, or file://HOST/path for the worker of that host; an absolute path is taken for the first'),
  role: z
    .enum(['system', 'data'])
    .default('system')
    .describe('A data disk needs no system: only its container is read'),
});

const bootMode = z.enum(['BIOS', 'UEFI']);
const bytes = z.number().nullable();
const detected = z.string().nullable();

export const inspectionSchema = z.object({
  source: z.string(),
  format: z.enum(['RAW', 'QCOW2', 'VHD', 'VMDK', 'VHDX', 'VDI', 'ISO', 'OVA', 'TAR', 'GZIP', 'XZ', 'ZSTD', 'UNKNOWN']),
  subformat: detected,
  virtualSize: bytes.describe('Bytes that the guest sees'),
  fileSize: z.number(),
  allocatedSize: z.number(),
  contains: z
    .object({ name: z.string(), format: z.string(), offset: z.number(), size: z.number(), sparse: z.boolean() })
    .nullable()
    .describe('The one disk in an archive, and where it lies'),
  diskImageSizeGiB: z.number().nullable().describe('The smallest diskImageSize for it'),
  partitionTable: z.enum(['gpt', 'mbr', 'none']).nullable(),
  volumes: z.array(z.object({ name: z.string(), size: bytes, content: detected, uuid: detected })),
  architecture: z.enum(['x86_64', 'i386', 'arm64']).nullable(),
  bootMode: bootMode.nullable().describe('What to import it as'),
  bootModes: z.array(bootMode).describe('All that the disk can do'),
  osType: z.enum(['linux', 'windows']).nullable(),
  platform: detected.describe('One of the vendor’s Platform values'),
  osVersion: detected,
  osName: detected,
  kernelVersion: detected,
  cloudInitVersion: detected,
  nvmeSupport: z.enum(['supported', 'unsupported']).nullable(),
  findings: z.array(findingSchema),
  depth: z.enum(['container', 'guest']).describe('How far the reading came'),
});

/** Fails to compile when the document and the answers drift apart. */
type Documented = Omit<z.infer<typeof inspectionSchema>, 'source' | 'findings' | 'volumes' | 'bootModes'>;
export const inspectionIsDocumented: (inspection: Omit<Inspection, 'findings' | 'volumes' | 'bootModes'>) => unknown = (
  inspection,
) => inspection satisfies Documented;

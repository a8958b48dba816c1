/** The result of a container format's reader, and remedies that several formats use. */
import type { ByteSource } from '../bytes.js';
import type { FindingList } from '../findings.js';
import type { ContainedDisk, ContainerFormat } from '../inspection.js';

export interface Container {
  readonly format: ContainerFormat;
  readonly subformat: string | null;
  /** Size of the guest's disk in bytes; null if the format does not record it. */
  readonly virtualSize: number | null;
  /** The guest's disk; null if it cannot be read from this file alone. */
  readonly disk: ByteSource | null;
  /** The position of the disk in an archive. */
  readonly contains?: ContainedDisk;
}

/** Null: the file has another format. Damage in a file of this format is a finding. */
export type OpenContainer = (file: ByteSource, findings: FindingList) => Container | null;

export const CONVERT_TO_QCOW2 =
  'Convert the image on the machine that has all its files: qemu-img convert -O qcow2 -c SOURCE TARGET.qcow2';
export const COPY_AGAIN = 'Copy or export the image again, and compare its size and checksum with the source.';

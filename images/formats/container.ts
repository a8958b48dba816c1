/** What every reader of a container format answers. */
import type { ByteSource } from '../bytes.js';
import type { FindingList } from '../findings.js';
import type { ContainedDisk, ContainerFormat } from '../inspection.js';

export interface Container {
  readonly format: ContainerFormat;
  readonly subformat: string | null;
  /** Bytes that the guest sees; null where the format does not tell. */
  readonly virtualSize: number | null;
  /** The guest's bytes; null where they can't be read from this file alone. */
  readonly disk: ByteSource | null;
  /** Where the disk lies in a file that holds more. */
  readonly contains?: ContainedDisk;
}

/** Null: the file is not of this format. Damage in a file that is goes to the findings. */
export type OpenContainer = (file: ByteSource, findings: FindingList) => Container | null;

export const REPACK =
  'Make a whole copy on the machine that has all parts: qemu-img convert -O qcow2 -c SOURCE TARGET.qcow2';
export const COPY_AGAIN = 'Copy or export the image again and compare sizes and checksums with the source.';

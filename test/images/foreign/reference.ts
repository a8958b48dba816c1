/** The facts of an image as blkid, partx and qemu-img find them, beside those of the inspection. */
import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readSync } from 'node:fs';
import { z } from 'zod';
import type { Inspection, VolumeFacts } from '../../../images/inspection.js';
import { contentOfBlkidType, labelAsBlkid, MOUNTED_TYPES } from '../../support/images/blkid-names.js';

export interface Reference {
  readonly image: string;
  /** The output of blkid for the image, where a newer version than this host's was run; null: run this host's. */
  readonly answers: string | null;
}

interface Fact {
  readonly name: string;
  readonly found: string | number | null;
  readonly wanted: string | number | null;
}

interface Probed {
  readonly type: string;
  readonly uuid: string;
  readonly label: string;
  readonly table: string;
}

/** The inspection's names of partition tables; a table of another kind counts as none. */
const TABLES: Readonly<Record<string, string>> = { gpt: 'gpt', dos: 'mbr', PMBR: 'mbr' };

const imageSchema = z.object({ format: z.string(), 'virtual-size': z.number() });

export function factsOf(inspection: Inspection, { image, answers }: Reference): Fact[] {
  const whole = answers === null ? probe(image, []) : probed(answers);
  const { volumes, format, partitionTable, virtualSize } = inspection;
  const content = contentOfBlkidType(whole.type);
  if (content === null && TABLES[whole.table] === undefined) {
    // blkid does not report a file system whose superblock has a wrong checksum.
    const recognised = volumes.find((volume) => volume.content !== null && volume.damage === undefined)?.content;
    return recognised === undefined ? [] : [{ name: 'content', found: recognised, wanted: null }];
  }
  const facts: Fact[] = [];
  // An MBR without a partition is the boot sector of a disk without partitions, to the kernel too.
  const parts = TABLES[whole.table] === undefined ? [] : partitions(image);
  const info = qemuImage(image);
  const isDisc = isOptical(image);
  facts.push({ name: 'format', found: format.toLowerCase(), wanted: isDisc ? 'iso' : (info?.format ?? 'raw') });
  if (info !== null) facts.push({ name: 'size', found: virtualSize, wanted: info['virtual-size'] });
  // The format says all of an optical disc, which is no disk of a guest.
  if (isDisc) return facts;
  facts.push({
    name: 'partition table',
    found: partitionTable,
    wanted: parts.length > 0 ? (TABLES[whole.table] ?? 'none') : 'none',
  });
  const on = (name: string) => volumes.find((volume) => volume.name === name);
  if (whole.type !== '') facts.push(...volumeFacts('the whole disk', on('the whole disk'), whole));
  for (const { number, start, size } of parts) {
    const inside = probe(image, ['-O', String(start), '-S', String(size)]);
    const name = `partition ${number}`;
    facts.push({ name: `size of ${name}`, found: on(name)?.size ?? null, wanted: size });
    if (inside.type !== '') facts.push(...volumeFacts(name, on(name), inside));
  }
  return facts;
}

function volumeFacts(name: string, volume: VolumeFacts | undefined, { type, uuid, label }: Probed): Fact[] {
  const facts: Fact[] = [{ name: `type of ${name}`, found: volume?.content ?? null, wanted: contentOfBlkidType(type) }];
  if (!MOUNTED_TYPES.includes(type)) return facts;
  if (uuid !== '') facts.push({ name: `UUID of ${name}`, found: volume?.uuid ?? null, wanted: uuid });
  const found = labelAsBlkid(volume?.label ?? '');
  // Bytes in another encoding than UTF-8.
  if (/^_+$/.test(label)) return facts;
  if (label !== '' || found !== '') facts.push({ name: `label of ${name}`, found, wanted: label });
  return facts;
}

function probe(image: string, range: readonly string[]): Probed {
  return probed(spawnSync('blkid', ['-p', '-o', 'udev', ...range, image], { encoding: 'utf8' }).stdout);
}

function probed(text: string): Probed {
  const value = (key: string) => new RegExp(`^ID_${key}=(.*)$`, 'm').exec(text)?.[1] ?? '';
  return {
    type: value('FS_TYPE'),
    uuid: value('FS_UUID'),
    label: value('FS_LABEL'),
    table: value('PART_TABLE_TYPE'),
  };
}

function isOptical(image: string): boolean {
  const [bytes, file] = [Buffer.alloc(5), openSync(image, 'r')];
  readSync(file, bytes, 0, 5, 32_769);
  closeSync(file);
  return bytes.toString('latin1') === 'CD001';
}

function qemuImage(image: string): z.infer<typeof imageSchema> | null {
  const { status, stdout } = spawnSync('qemu-img', ['info', '--output=json', image], { encoding: 'utf8' });
  return status === 0 ? imageSchema.parse(JSON.parse(stdout)) : null;
}

function partitions(image: string): { readonly number: number; readonly start: number; readonly size: number }[] {
  const { stdout } = spawnSync('partx', ['-g', '-r', '-o', 'NR,START,SECTORS,TYPE', image], { encoding: 'utf8' });
  return stdout
    .split('\n')
    .map((line) => line.trim().split(' '))
    .filter(([number, , , type]) => number !== '' && !/^0x(5|f|85)$/.test(type ?? ''))
    .map(([number, start, sectors]) => ({
      number: Number(number),
      start: Number(start) * 512,
      size: Number(sectors) * 512,
    }));
}

/** LVM2: assembles linear and mirrored logical volumes from the physical volumes of this disk. */
import { type ByteSource, mappedSource, printable, UnreadableError, u64le } from '../bytes.js';
import { unlessUnreadable } from '../findings.js';

const SECTOR = 512;
const LABEL_SECTORS = 4;
const MAX_METADATA = 16 * 1024 * 1024;
const MAX_AREAS = 32;
const MAX_DEPTH = 16;

export interface PhysicalVolume {
  readonly id: string;
  readonly source: ByteSource;
  readonly metadata: string;
  /** Grows with each change; several areas and volumes may have several states. */
  readonly sequence: number;
  /** Why its metadata cannot be read; null: no reason. */
  readonly damage: string | null;
}

/** A contiguous part of a logical volume: `at` in it, `offset` in the physical volume. */
export interface Segment {
  readonly at: number;
  readonly length: number;
  readonly physical: PhysicalVolume;
  readonly offset: number;
}

/** The type of its segment, which decides the driver: dm-raid or dm-mirror. */
export type Mirror = 'raid1' | 'mirror';

export interface LogicalVolume {
  readonly group: string;
  readonly name: string;
  /** UUIDs of its group and of itself, as `GROUP/VOLUME`. */
  readonly id: string;
  /** False: a part of another volume, e.g. the origin of a cache or one half of a mirror. */
  readonly isVisible: boolean;
  /** Another volume reads blocks of this group's volumes: a snapshot, or a thin volume with an external origin. */
  readonly hasSnapshots: boolean;
  /** `segments` are those of one copy; other volumes have the others. */
  readonly mirror: Mirror | null;
  /** The disk has a physical volume twice, and either may be in use. */
  readonly isCopied: boolean;
  /** A physical volume of the group is on another disk. */
  readonly isIncomplete: boolean;
  readonly segments: readonly Segment[];
  /** Null for thin and striped volumes and for volumes on other disks; `problem` has the reason. */
  readonly source: ByteSource | null;
  readonly problem: string;
}

/** Null: not a physical volume. */
export function openPhysicalVolume(source: ByteSource): PhysicalVolume | null {
  for (let sector = 0; sector < LABEL_SECTORS && (sector + 1) * SECTOR <= source.size; sector += 1) {
    const label = source.read(sector * SECTOR, SECTOR);
    if (label.toString('latin1', 0, 8) !== 'LABELONE' || label.toString('latin1', 24, 32) !== 'LVM2 001') continue;
    const header = label.readUInt32LE(20);
    const id = label.toString('latin1', header, header + 32);
    let at = header + 40;
    const areas: { offset: number; size: number }[][] = [[], []];
    for (const list of areas) {
      for (; at + 16 <= SECTOR && list.length < MAX_AREAS; at += 16) {
        const offset = u64le(label, at);
        if (offset === 0) break;
        list.push({ offset, size: u64le(label, at + 8) });
      }
      at += 16;
    }
    let damage: string | null = null;
    const states = (areas[1] ?? []).flatMap(
      (area) =>
        unlessUnreadable(
          () => metadataText(source, area.offset),
          (reason) => {
            damage = reason;
            return null;
          },
        ) ?? [],
    );
    const newest = states
      .map((metadata) => ({ metadata, sequence: sequenceOf(metadata) }))
      .reduce((best, one) => (one.sequence > best.sequence ? one : best), { metadata: '', sequence: -1 });
    return { id, source, ...newest, damage };
  }
  return null;
}

function sequenceOf(metadata: string): number {
  return Number(/^\s*seqno\s*=\s*(\d{1,10})/m.exec(metadata)?.[1] ?? 0);
}

function metadataText(source: ByteSource, area: number): string | null {
  const header = source.read(area, SECTOR);
  if (!header.toString('latin1', 4, 20).startsWith(' LVM2 x[5A%r0N*>')) return null;
  const areaSize = u64le(header, 32);
  const offset = u64le(header, 40);
  const size = u64le(header, 48);
  // An area that is ignored keeps the state that it had.
  const isIgnored = (header.readUInt32LE(60) & 1) !== 0;
  if (isIgnored || offset === 0 || size === 0 || size > MAX_METADATA || offset >= areaSize) return null;
  // The area is a ring buffer that starts after this header sector.
  const first = Math.min(size, areaSize - offset);
  const head = source.read(area + offset, first);
  const rest = size > first ? source.read(area + SECTOR, size - first) : Buffer.alloc(0);
  return Buffer.concat([head, rest]).toString('utf8');
}

type Value = string | number | readonly Value[] | Section;
interface Section {
  readonly [key: string]: Value | undefined;
}

export function logicalVolumes(volumes: readonly PhysicalVolume[]): LogicalVolume[] {
  const byId = new Map(volumes.map((volume) => [volume.id, volume]));
  const groups = new Map<string, Section>();
  for (const { metadata } of volumes.toSorted((left, right) => left.sequence - right.sequence)) {
    for (const [name, value] of Object.entries(parseMetadata(metadata))) {
      if (isSection(value) && isSection(value.physical_volumes)) groups.set(name, value);
    }
  }
  return [...groups].flatMap(([group, section]) => {
    const all = sectionOf(section.logical_volumes);
    const isCopied = byId.size < volumes.length;
    const hasSnapshots = Object.values(all).some(isSnapshot);
    const isIncomplete = Object.values(sectionOf(section.physical_volumes)).some(
      (one) => isSection(one) && !byId.has(idOf(one)),
    );
    return Object.entries(all).flatMap(([name, volume]) =>
      isSection(volume)
        ? [
            {
              hasSnapshots,
              isCopied,
              isIncomplete,
              ...logicalVolume(printable(group, 128), printable(name, 128), section, volume, byId),
            },
          ]
        : [],
    );
  });
}

function isSnapshot(volume: Value | undefined): boolean {
  const segments = Object.values(sectionOf(volume)).filter(isSection);
  return segments.some(({ type, external_origin: origin }) => type === 'snapshot' || origin !== undefined);
}

function logicalVolume(
  group: string,
  name: string,
  section: Section,
  volume: Section,
  byId: ReadonlyMap<string, PhysicalVolume>,
): Omit<LogicalVolume, 'hasSnapshots' | 'isCopied' | 'isIncomplete'> {
  const extent = numberOf(section.extent_size) * SECTOR;
  const isVisible = Array.isArray(volume.status) && volume.status.includes('VISIBLE');
  const segments: Segment[] = [];
  const id = printable(`${String(section.id)}/${String(volume.id)}`, 128);
  const unreadable = (problem: string) => ({
    group,
    name,
    id,
    isVisible,
    mirror: null,
    segments: [],
    source: null,
    problem,
  });
  const copy = wholeCopy(volume);
  const copied = copy === null ? {} : sectionOf(sectionOf(section.logical_volumes)[copy.name]);
  for (const segment of Object.values(copy === null ? volume : copied)) {
    if (!isSection(segment) || segment.type === undefined) continue;
    const stripes = Array.isArray(segment.stripes) ? segment.stripes : [];
    if (segment.type !== 'striped' || stripes.length !== 2)
      return unreadable(`segment of type ${printable(String(segment.type), 20)}`);
    const [pvName, firstExtent] = stripes;
    const pv = sectionOf(sectionOf(section.physical_volumes)[String(pvName)]);
    const physical = byId.get(idOf(pv));
    if (physical === undefined) return unreadable('on a disk that is not part of this image');
    segments.push({
      at: numberOf(segment.start_extent) * extent,
      length: numberOf(segment.extent_count) * extent,
      physical,
      offset: numberOf(pv.pe_start) * SECTOR + numberOf(firstExtent) * extent,
    });
  }
  if (segments.length === 0) return unreadable('no segments');
  const size = Math.max(...segments.map(({ at, length }) => at + length));
  const source = mappedSource(size, `${group}/${name}`, (offset) => {
    const segment = segments.find(({ at, length }) => offset >= at && offset < at + length);
    if (segment === undefined) throw new UnreadableError(`${group}/${name} has no segment for byte ${offset}`);
    const inside = offset - segment.at;
    return {
      at: { source: segment.physical.source, offset: segment.offset + inside },
      length: segment.length - inside,
    };
  });
  return { group, name, id, isVisible, mirror: copy?.mirror ?? null, segments, source, problem: '' };
}

/** The first copy of a volume that is mirrored; null if it is not. */
function wholeCopy(volume: Section): { readonly name: string; readonly mirror: Mirror } | null {
  const segments = Object.values(volume).filter((value) => isSection(value) && value.type !== undefined);
  const [segment] = segments;
  if (segments.length !== 1 || !isSection(segment)) return null;
  const { type } = segment;
  if (type !== 'raid1' && type !== 'mirror') return null;
  const copies = type === 'raid1' ? segment.raids : segment.mirrors;
  const found = Array.isArray(copies) ? copies.find((name) => /_[rm]image_\d+$/.test(String(name))) : undefined;
  return typeof found === 'string' ? { name: found, mirror: type } : null;
}

function isSection(value: Value | undefined): value is Section {
  return typeof value === 'object' && !Array.isArray(value);
}
const idOf = ({ id }: Section): string => String(id ?? '').replaceAll('-', '');
function sectionOf(value: Value | undefined): Section {
  return isSection(value) ? value : {};
}
function numberOf(value: Value | undefined): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
    throw new UnreadableError('a number is missing in the LVM metadata');
  return value;
}

/** `key = value`, `name { … }`, lists in brackets, comments after #. */
export function parseMetadata(source: string): Section {
  const tokens = source.match(/#[^\n]*|"(?:\\.|[^"\\])*"|[{}[\]=,]|[^\s{}[\]=,#"]+/g) ?? [];
  const words = tokens.filter((token) => !token.startsWith('#') && token !== '\0');
  let at = 0;
  const value = (depth: number): Value => {
    if (depth > MAX_DEPTH) throw new UnreadableError('LVM metadata are nested too deeply');
    const word = words[at++] ?? '';
    if (word === '[') {
      const list: Value[] = [];
      while (at < words.length && words[at] !== ']') {
        if (words[at] === ',') at += 1;
        else list.push(value(depth + 1));
      }
      at += 1;
      return list;
    }
    if (word.startsWith('"')) return word.slice(1, -1).replace(/\\(.)/g, '$1');
    return /^-?\d+$/.test(word) ? Number(word) : word;
  };
  const section = (depth: number): Section => {
    if (depth > MAX_DEPTH) throw new UnreadableError('LVM metadata are nested too deeply');
    const found: Record<string, Value> = Object.create(null);
    while (at < words.length && words[at] !== '}') {
      const key = words[at++] ?? '';
      if (words[at] === '{') {
        at += 1;
        found[key] = section(depth + 1);
      } else if (words[at] === '=') {
        at += 1;
        found[key] = value(depth);
      }
    }
    at += 1;
    return found;
  };
  return section(0);
}

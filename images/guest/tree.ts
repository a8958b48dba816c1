/** The guest's file tree: its mounted file systems, with symbolic links resolved as in the guest. */
import path from 'node:path';
import { type ByteSource, printable, UnreadableError } from '../bytes.js';
import type { FileSystem, NodeInfo } from '../filesystems/filesystem.js';

const MAX_LINKS = 40;
/** Of one name, in `realPath`. */
const MAX_OWN_LINKS = 8;
const MAX_FILE = 16 * 1024 * 1024;
/** More than any kernel. */
const MAX_SOURCE = 128 * 1024 * 1024;
const FIRST_READ = 64 * 1024;

export interface Mount {
  /** `/`, `/boot` … */
  readonly at: string;
  readonly fileSystem: FileSystem;
}

export interface GuestTree {
  readonly mounts: readonly Mount[];
  /** Null if the path does not exist. */
  info(path: string): NodeInfo | null;
  exists(path: string): boolean;
  /** Sorted names in a directory; empty if there is no such directory. */
  list(path: string): readonly string[];
  /** The first `max` bytes of a file; null if there is no such file. */
  bytes(path: string, max?: number): Buffer | null;
  text(path: string): string | null;
  /** Random access to a file; null if there is no such file. */
  source(path: string): ByteSource | null;
  /** A file with extents that have a hole. */
  hasHole(path: string): boolean;
  /** The target of a symbolic link, unresolved; null if the path is not a link. */
  link(path: string): string | null;
}

interface Place {
  readonly fileSystem: FileSystem;
  readonly node: number;
}

export function guestTree(mounts: readonly Mount[]): GuestTree {
  const root = mounts.find(({ at }) => at === '/');
  if (root === undefined) throw new UnreadableError('no root file system');
  const mounted = new Map(mounts.map((mount) => [mount.at, mount.fileSystem]));
  const listings = new Map<FileSystem, Map<number, ReadonlyMap<string, number>>>();

  const listing = ({ fileSystem, node }: Place): ReadonlyMap<string, number> => {
    const known = listings.get(fileSystem) ?? new Map<number, ReadonlyMap<string, number>>();
    listings.set(fileSystem, known);
    const hit = known.get(node);
    if (hit !== undefined) return hit;
    const found = new Map(fileSystem.entries(node).map((entry) => [fold(fileSystem, entry.name), entry.node]));
    known.set(node, found);
    return found;
  };

  const resolve = (path: string, followLast: boolean): Place | null => {
    const waiting = path.split('/').filter(Boolean);
    let stack: { name: string; place: Place }[] = [];
    let links = 0;
    const top = (): Place => stack.at(-1)?.place ?? { fileSystem: root.fileSystem, node: root.fileSystem.root };
    while (waiting.length > 0) {
      const name = waiting.shift() ?? '';
      if (name === '.') continue;
      if (name === '..') {
        stack.pop();
        continue;
      }
      const here = top();
      if (here.fileSystem.info(here.node).kind !== 'directory') return null;
      const over = mounted.get(`/${[...stack.map((step) => step.name), name].join('/')}`);
      const node = listing(here).get(fold(here.fileSystem, name)) ?? over?.root;
      // systemd creates mount points that do not exist.
      if (node === undefined) return null;
      const place = over === undefined ? { fileSystem: here.fileSystem, node } : { fileSystem: over, node: over.root };
      if (over === undefined && here.fileSystem.info(node).kind === 'link' && (followLast || waiting.length > 0)) {
        links += 1;
        if (links > MAX_LINKS)
          throw new UnreadableError(`${printable(path)} has too many links (more than ${MAX_LINKS})`);
        const target = here.fileSystem.link(node);
        waiting.unshift(...target.split('/').filter(Boolean));
        if (target.startsWith('/')) stack = [];
        continue;
      }
      stack.push({ name, place });
    }
    return top();
  };

  const infoOf = (path: string): NodeInfo | null => {
    const place = resolve(path, true);
    return place === null ? null : place.fileSystem.info(place.node);
  };
  const fileAt = (path: string): Place | null => {
    const place = resolve(path, true);
    return place?.fileSystem.info(place.node).kind === 'file' ? place : null;
  };
  const bytes = (path: string, max = MAX_FILE): Buffer | null => {
    const place = fileAt(path);
    return place === null ? null : place.fileSystem.content(place.node, max);
  };
  return {
    mounts,
    info: infoOf,
    exists: (path) => infoOf(path) !== null,
    list(path) {
      const place = resolve(path, true);
      if (place === null || place.fileSystem.info(place.node).kind !== 'directory') return [];
      return place.fileSystem
        .entries(place.node)
        .map(({ name }) => name)
        .sort();
    },
    bytes,
    text: (path) => bytes(path)?.toString('utf8') ?? null,
    source(path) {
      const place = fileAt(path);
      if (place === null) return null;
      const { fileSystem, node } = place;
      return fileSystem.source?.(node) ?? growingSource(fileSystem, node, path);
    },
    hasHole(path) {
      const place = fileAt(path);
      return place?.fileSystem.hasHole?.(place.node) === true;
    },
    link(path) {
      const place = resolve(path, false);
      if (place === null || place.fileSystem.info(place.node).kind !== 'link') return null;
      return place.fileSystem.link(place.node);
    },
  };
}

/** Reads a file from its start up to the last byte that was requested. */
function growingSource(fileSystem: FileSystem, node: number, path: string): ByteSource {
  const { size } = fileSystem.info(node);
  let known: Buffer = Buffer.alloc(0);
  return {
    size,
    read(offset, length) {
      const end = offset + length;
      if (!(offset >= 0 && length >= 0) || end > size)
        throw new UnreadableError(`${printable(path)} has ${size} bytes; bytes up to ${end} were requested`);
      if (end > MAX_SOURCE) throw new UnreadableError(`${printable(path)} is too large to read up to byte ${end}`);
      if (end > known.length)
        known = fileSystem.content(node, Math.min(size, Math.max(end, 2 * known.length, FIRST_READ)));
      if (end > known.length) throw new UnreadableError(`${printable(path)} ends before byte ${end}`);
      return known.subarray(offset, end);
    },
  };
}

function fold(fileSystem: FileSystem, name: string): string {
  return fileSystem.ignoresCase ? name.toLowerCase() : name;
}

/** A line of a file with its number, for evidence. Comments and empty lines are skipped. */
export interface Line {
  readonly number: number;
  readonly text: string;
}
export function lines(content: string, comment = '#'): Line[] {
  return content
    .split('\n', 100_000)
    .map((line, index) => ({ number: index + 1, text: line.trim() }))
    .filter(({ text }) => text !== '' && !text.startsWith(comment));
}

/** Where the file is after its own links; links in its folders are followed by the tree. */
export function realPath(tree: GuestTree, file: string): string {
  let now = file;
  for (let links = 0; links < MAX_OWN_LINKS; links += 1) {
    const target = tree.link(now);
    if (target === null) break;
    now = path.posix.resolve(path.posix.dirname(now), target);
  }
  return now;
}

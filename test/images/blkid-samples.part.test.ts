/**
 * Foreign images of file systems, volume managers and partition tables, with what util-linux's blkid says of each
 * (../shared/images/blkid; not a part of this project). A type that the inspection knows must be right; another must not
 * be mistaken for one that it knows.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type ByteSource, UnreadableError } from '../../images/bytes.js';
import { xzPieces } from '../../images/compression/xz.js';
import { readLayout } from '../../images/disk/volumes.js';
import { findingList } from '../../images/findings.js';
import { contentOfBlkidType, labelAsBlkid, MOUNTED_TYPES } from '../support/images/blkid-names.js';

const SAMPLES = new URL('../../../shared/images/blkid/', import.meta.url);

const folder = (name: string) =>
  existsSync(SAMPLES) ? readdirSync(new URL(`${name}/`, SAMPLES)).map((file) => `${name}/${file}`) : [];
/** These have several file systems; blkid takes a position as an argument. */
const SESSIONS = /-multi-/;
const files = folder('images-fs').filter((file) => !SESSIONS.test(file));

const ZEROS = Buffer.alloc(4 * 1024 * 1024);

/** The samples have 2 GB in all, and most of it is zeros, which are not kept. */
function contentOf(file: string): ByteSource {
  const parts: { at: number; bytes: Buffer }[] = [];
  let size = 0;
  for (const piece of xzPieces(readFileSync(new URL(file, SAMPLES)))) {
    if (!piece.equals(ZEROS.subarray(0, piece.length))) parts.push({ at: size, bytes: Buffer.from(piece) });
    size += piece.length;
  }
  return {
    size,
    read(offset, length) {
      if (offset + length > size) throw new UnreadableError('the sample ends before');
      const bytes = Buffer.alloc(length);
      for (const { at, bytes: part } of parts) {
        if (at < offset + length && offset < at + part.length)
          part.copy(bytes, Math.max(0, at - offset), Math.max(0, offset - at));
      }
      return bytes;
    },
  };
}

function facts(file: string) {
  const { table, volumes } = readLayout(contentOf(file), findingList());
  const [first] = volumes;
  return { scheme: table.scheme, content: first?.content ?? null, uuid: first?.uuid ?? '', label: first?.label ?? '' };
}

function expectedOf(file: string) {
  const name = /([^/]+)\.img\.xz$/.exec(file)?.[1] ?? '';
  const text = readFileSync(new URL(`expected/low-probe-${name}`, SAMPLES), 'utf8');
  const value = (key: string) => new RegExp(`^ID_FS_${key}=(.*)$`, 'm').exec(text)?.[1] ?? '';
  return { type: value('TYPE'), uuid: value('UUID'), label: value('LABEL') };
}

describe.skipIf(files.length === 0)('each sample of blkid', () => {
  test('the types, UUIDs and labels agree', { timeout: 120_000 }, () => {
    const different: string[] = [];
    for (const file of files) {
      const { type, uuid, label } = expectedOf(file);
      const found = facts(file);
      const content = contentOfBlkidType(type);
      if (found.content !== content) different.push(`${file}: ${found.content}, ${content}`);
      if (!MOUNTED_TYPES.includes(type)) continue;
      if (found.uuid !== uuid) different.push(`${file}: UUID ${found.uuid}, ${uuid}`);
      const shown = labelAsBlkid(found.label);
      if (shown !== label && !/^_+$/.test(label)) different.push(`${file}: label ${shown}, ${label}`);
    }
    expect(different).toEqual([]);
  });

  test.each([
    ['images-pt/gpt.img.xz', 'gpt'],
    ['images-pt/dos+bsd.img.xz', 'mbr'],
    ['images-pt/atari-primary.img.xz', 'none'],
    ['images-pt/bsd.img.xz', 'none'],
    ['images-pt/sgi.img.xz', 'none'],
    ['images-pt/sun.img.xz', 'none'],
  ])('%s → %s', (file, scheme) => {
    expect(facts(file).scheme).toBe(scheme);
  });
});

/** CSV as spreadsheets, scripts and other systems write it: read, or rejected with line and column. */
import { describe, expect, test } from 'vitest';
import { BatchFileError, type Entry } from '../../batches/file/entries.js';
import { readEntries } from '../../batches/file/read.js';

async function* cut(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function read(text: string | Uint8Array, size = 3): Promise<readonly Entry[]> {
  const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text;
  const entries: Entry[] = [];
  for await (const entry of readEntries('csv', cut(bytes, size))) entries.push(entry);
  return entries;
}

const items = async (text: string | Uint8Array, size?: number) =>
  (await read(text, size)).flatMap((entry) => (entry.kind === 'item' ? [[entry.line, entry.value]] : []));

const refusal = (text: string | Uint8Array) =>
  read(text).then(
    () => 'read',
    (error: unknown) => (error instanceof BatchFileError ? [error.line, error.reason] : error),
  );

const A = { imageName: 'a', disks: [{ source: 'a.qcow2' }] };
const B = { imageName: 'b', disks: [{ source: 'b.qcow2' }] };
const PLAIN = 'name,source\na,a.qcow2\nb,b.qcow2\n';

function utf16(text: string, bigEndian: boolean, mark: boolean): Uint8Array {
  const bytes = Buffer.from(`${mark ? '\ufeff' : ''}${text}`, 'utf16le');
  return bigEndian ? bytes.swap16() : bytes;
}

describe('the same two items', () => {
  test.each<readonly [string, string | Uint8Array]>([
    ['commas', PLAIN],
    ['semicolons', PLAIN.replaceAll(',', ';')],
    ['tabs', PLAIN.replaceAll(',', '\t')],
    ['vertical bars', PLAIN.replaceAll(',', '|')],
    ['CRLF', PLAIN.replaceAll('\n', '\r\n')],
    ['no line end at the end', PLAIN.trimEnd()],
    ['a byte order mark', `\ufeff${PLAIN}`],
    ['two byte order marks', `\ufeff\ufeff${PLAIN}`],
    ['UTF-16, little endian', utf16(PLAIN, false, true)],
    ['UTF-16, big endian', utf16(PLAIN, true, true)],
    ['UTF-16 without a mark', utf16(PLAIN, false, false)],
    ['UTF-16, big endian, without a mark', utf16(PLAIN, true, false)],
    [
      'UTF-16 with tabs and CRLF, as Excel saves "Unicode text"',
      utf16(PLAIN.replaceAll(',', '\t').replaceAll('\n', '\r\n'), false, true),
    ],
    ['quoted cells', '"name","source"\n"a","a.qcow2"\n"b","b.qcow2"\n'],
    ['spaces around cells', ' name , source \n a , a.qcow2 \n b , "b.qcow2" \n'],
    ['columns in another case', 'NAME,Source\na,a.qcow2\nb,b.qcow2\n'],
    ['columns with spaces, underscores and hyphens', 'Image Name,disks[0].SOURCE\na,a.qcow2\nb,b.qcow2\n'],
    ['trailing separators', 'name,source,,\na,a.qcow2,,\nb,b.qcow2,,,\n'],
    ['cells that are missing at the end', 'name,source,description,tags.team\na,a.qcow2\nb,b.qcow2,\n'],
  ])('with %s → read', async (_, text) => {
    for (const size of [1, 3, 1_000]) {
      expect((await items(text, size)).map(([, value]) => value)).toEqual([A, B]);
    }
  });
});

describe('rows', () => {
  test('that are empty, blank or consist of separators → skipped; lines are counted', async () => {
    expect(await items('\n\nname;source\n\n  \n;;\na;a.qcow2\n"";""\n\nb;b.qcow2\n')).toEqual([
      [7, A],
      [10, B],
    ]);
  });

  test('with quoted separators, quotes and line ends → kept in the cell; the line of the row is its first', async () => {
    expect(await items('name;description\na;"x; ""y"", z\r\nnext"\nb;plain\n')).toEqual([
      [2, { imageName: 'a', description: 'x; "y", z\nnext' }],
      [4, { imageName: 'b', description: 'plain' }],
    ]);
  });

  test('after the line sep= of Excel → separated by that character', async () => {
    expect(await items('sep=;\nname;source,x\na;1\n')).toEqual([[3, { imageName: 'a', 'source,x': '1' }]]);
  });

  test('with lists in a cell → separated by spaces, semicolons, commas or vertical bars', async () => {
    const lists = ['r1 r2', 'r1;r2', '"r1,r2"', 'r1|r2'].join('\n');
    for (const [, value] of await items(`distribute.regions\n${lists}\n`)) {
      expect(value).toEqual({ distribute: { regions: ['r1', 'r2'] } });
    }
  });

  test('of encryption → a flag, and a key for each region', async () => {
    const header = 'name,Distribute.Encrypt,distribute.kmsKeyId.cn-beijing,distribute.KMS key id.cn-shanghai';
    expect(await items(`${header}\na,yes,key-1,key-2\n`)).toEqual([
      [
        2,
        {
          imageName: 'a',
          distribute: { encrypt: true, kmsKeyId: { 'cn-beijing': 'key-1', 'cn-shanghai': 'key-2' } },
        },
      ],
    ]);
  });

  test('of several disks and tags → indexes and the case of tag keys are kept', async () => {
    expect(await items('Disks[1].Source,DISKS[0].diskimagesize,Tags.CostCentre\nd.raw,40,X\n')).toEqual([
      [2, { disks: [{ diskImageSize: 40 }, { source: 'd.raw' }], tags: { CostCentre: 'X' } }],
    ]);
  });
});

describe('a file that cannot be read → rejected with line and column', () => {
  test.each<readonly [string, string | Uint8Array, number, RegExp]>([
    [
      'a quote that is not closed',
      'name,source\na,a.raw\nb,"b.raw\n',
      3,
      /column 2 \("source"\): a quoted cell is not closed/,
    ],
    ['a quote inside a cell', 'name,source\na,a"x.raw\n', 2, /column 2 \("source"\): a quote is inside a cell/],
    ['text after a quoted cell', 'name,source\n"a"x,b.raw\n', 2, /column 1 \("name"\): a quote is inside a cell/],
    [
      'a name with thousands of parts',
      `imageName,a${'.a'.repeat(100)}\n`,
      1,
      /column 2: "a\.a.*" has more than 16 parts/,
    ],
    [
      'a name of thousands of characters',
      `imageName,${'[0]'.repeat(30_000)}\n`,
      1,
      /column 2: the name has 90000 characters/,
    ],
    ['a field and a part of it', 'name,tags,tags.team\n', 1, /columns "tags" and "tags\.team" set the same field/],
    ['a column twice', 'name,source,imageName\n', 1, /columns 1 and 3 are both "imageName"/],
    ['a column without a name', 'name,,source\na,,b\n', 1, /column 2 has no name/],
    [
      'a wrong column name',
      '# note\nname,__proto__.x\n1,2\n',
      2,
      /column 2: "__proto__\.x" is not a valid column name/,
    ],
    ['no row of column names', '# only a comment\n\n', 3, /the row of column names is missing/],
    ['an empty file', '', 1, /the row of column names is missing/],
    ['carriage returns as line ends', 'name,source\ra,b\r', 1, /column 12: lines end with a carriage return/],
    ['Latin-1', Buffer.from('name\nb\xfccher\n', 'latin1'), 2, /column 2: these bytes are not UTF-8/],
    ['half a character at the end', Buffer.from([0x6e, 0x61, 0x6d, 0x65, 0x0a, 0xe2, 0x82]), 2, /are not UTF-8/],
    [
      'a broken UTF-16 character',
      Buffer.concat([utf16('name\na', false, true), Buffer.from([0x00, 0xd8, 0x0a, 0x00])]),
      2,
      /column 2: these bytes are not UTF-16LE/,
    ],
  ])('%s', async (_, text, line, reason) => {
    expect(await refusal(text)).toEqual([line, expect.stringMatching(reason)]);
  });

  test('a row with a cell that has no column → this row only', async () => {
    const entries = await read('name;source\na;b;c\nb;b.qcow2\n');
    expect(entries.slice(1)).toEqual([
      {
        ...{ kind: 'unreadable', line: 2 },
        reason:
          'the row has 3 cells, but the first row has 2 columns: column 3 ("c") has no name. Quote cells that contain semicolons',
      },
      { kind: 'item', line: 3, value: B },
    ]);
  });
});

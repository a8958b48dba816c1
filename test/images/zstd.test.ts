/** Zstandard decompression with both decoders: the one in Node.js, where it has one, and the WebAssembly package. */
import { describe, expect, test } from 'vitest';
import { bufferSource } from '../../images/bytes.js';
import { createZstd, zstdExtent } from '../../images/compression/zstd.js';
import { nodeDecoder, wasmDecoder } from '../../images/compression/zstd-decoders.js';

/** `CONTENT` compressed by zstd 1.5.4 -19 with a checksum and without content size: Huffman literals, FSE sequences, repeated offsets. */
const COMPRESSED = Buffer.from(
  [
    'KLUv/QRo3YAAatllNgqgPWD4NZLv361QYwNhA2IDSSDuTQ7cFUkBu/E8hAvXubzBWpU2VIMyDNSSRJjO80A6ToO3ssCNJIjOFZaO',
    'sHeDFUyD4LHHsLGBGNjAw+vR7lpYdn1UXcNE1/jM9SJyrfn15Tz40hBXtJbgWW3OrFFWVrIi65HGapNYL3MrkdgaF1aLY7XkqlZp',
    'sGpV44yqEzbVkJLqEb16N67GJ6pDgtTAo95v1Kuihk3UoTQMVajzOtVFpkZQUD2D0zm5KV5sWvaa0k/TspniLdO5Tz1p8DSmV4PS',
    '85w0TEw6l5LGnaQnH+mhSKN86dyWBob0CN97Gu723pI31Ev2tIHemGcY5rV4Ishb5jz4a+M08Bt3FsRLmAQ4cK4pBcy95KFcchrI',
    'HbfI4l7uhp1hsBuYCOHe8gBblAbXTxZYQ5KgGs8B6p0C08qD9Gm4G9GicGGDkLA1N9gZE+xMHVtDxgZNYIvwOnXXMbvWpaGOrhfh',
    'uYpRrvH7FW++xlRchQitV3NWOrNOSFnpJ+vNWMXSINZbT2drmIU1sLB611VLyKqvqWogVeMy1ZNU61797WpUGqKK1MI6qr2MGkVF',
    'JRyiXmaoNhHqLacS3dSIB9UGp4U3tUmDTWsaQzSdm5mGjEzP5NO7eBr3mI4cpYEnvbFJL1zSMJKOpGFEpHOSN1zqkbTB0gjJMITU',
    '9UTAd/48uBfPaWBvkbOgXrqTgN7CHJgXKwXknddPg99470f30OeG2dwZJ0K5cecBuYdpMO5ZFogblQR3Z3LAbkgKhIu9NJz1ljdU',
    'idIGakyGYWpPBGk5D15LAzeyIBpX2DjC/gZbJ9hjGo7GxoUDi4Z4jbu7ypld76quhHSdoLmSR653+VXG16i4oqUBrWedo1lLrqxB',
    'RtaqGusciXWCbq2PrUES1jKsTvyqI1atSkNVqXplUxUsqcbrVRxyNW6iKh6k3shR6Yw6f1GpiHrhoQqlQain3mVqEAU1cHB6mZuW',
    'iU1/qWnYaRr/TG8yrfvTn6cxaYgpSovmpBZj0igpKVlIevtILRfp8VIiWxp3SO3wLbrXngZ7vRGSN9A79bRh3pBnGOQ9dCL8vXIe',
    '+I1xGsQ7dhagG5gE517lgLk3KVBuSB7IHadhLO6M84a7vtMGuxHOMITrSwTsVB5ccdLAWpIFVXoSUMs5MMUUkE4eXqfBjQyInsZM',
    'TAMFpR85aeFNenpJwydp2EgvFmnhpS9LQ9IQgm+J5A33Gj5tsDfqGYZ66U8Eeo/Og3ldTgN5L86CvxROAr9xORCvUQqgW5KHc81p',
    'MLfcOJM7NG6IMwziXjgR7t7lgd2wNAh3KAuwcb3ngPWcAtVwHqggnb922uBGdOoKG2WEParBHpFgo+bYKWPDAnuG17s03Nn1Eq4r',
    'CdI15uZqY3Itql+tyNe4uBKi9ZazWm7WU1nJ0kDWsZadWI92a9hsDamwngirZXPVx1g1RKoaRdXjVOtSfaXhVVfjFlWcQmocHVVM',
    'Rr2ZotIJUecyVCqhXvxUIVMjHFREuOmUTSuoiKaFM52R6SB8Wp5GPKYFKB046YBJq0h6MSOVksOlaGlMSCWO78G9ZO+E6yWj92Ze',
    'eRrk/Xu63/jjDTS6L59bYnNvlxtIbti4J3FL7v52w2kIYwvzhqtZ2mCNyjBUaRKBesmDqZ8G0jsLXkoCN3IgevcUKGyg80DYwTQM',
    'NjJAsBN23nCsI2xsBAbWcXidsLtilF3LVFf60LVE5ooj16lffWnwNa43iNajO2uYmXWuyhpRZD3TWE9GrFFy65yt4Yf1BKtXabiq',
    'VY9WVbJRNaamakVSLZxX7eNqlESVEKmXH9Vm1NtFJUoDUYdaUkK90alhMjVognoUnJbITX82DXlN42h68UzrZPpJw6eexk1M8YPS',
    'ODmpiJj07iWlOUknPlIqkd59qaClUSHFpwF/71zyBnvrnjbUG/QMA73lJ8K8c84DeYecBn/rzgK/EU6CeMtyAN2hFDh3JA/mltNQ',
    'LrlX48o4bRA37gzDXcREsBuXB+FKpQH2JguuJElgnedAlZwC1MvDVNIg792IRmFhiY6wJxusqQR7omOJxtiowFrhteyudmmwq2s8',
    'TNc5zjXk5Hpiv96Ur1EU17FBa+BZL8Ss95c1iKxjaRirWKfuVp/ZGmFh9QurM3RVrLFqYVXpQtWiqeJJde5XXWlwNaoXhtSTOmoY',
    'GXWCihozRD2ToZ5FqFE/deKmBgX1EKc3abipTU9UU8KhaczM1E5kWiKf2t3TmMeUEKWnk9o26a2kJGkg6UgLRaQnuTQsloY9pJfj',
    'W3jvy/aGuN4I03ubt0DeH/zGxItxdON8rhCYe+VSkDuXBeNSBXBWs7JGIFnHI2K9gVvP1sCwjrEaA1c9sOpVNQSoOgNSnXnV5mpE',
    'RdWC1Ck4KoJRC4pKQNSCoSIIdeBUG4J6h9P7mU3HNY0Cmh7M9GQahk/H0zjE9ACld2DSS0npaEZqKNKiS82WxkFICd/b9/rsPdVL',
    'TwO985Zd3s//hu83zvGejG7d5z5sbly5UeR+xq2Le6fhrt04hIuYNlyG4SqVCNabPKiSpAF1ngVTchJILwdeSQE38hAtTENhIwMI',
    'e7fzhsHKw4KN47HoMzZugZUXXu90V5Kx64zUlYiuV3OVS4Ncf72hr3EX10BD68POWi6zXqisQUPWsLEexVr+rR9bw9IQVqyW76om',
    'ZtWoqiodUfWmqXpGqjd5lUJcjXlUzZBa9lGN0mDUokYVUQdpqCEk1Ks59WJMDZKgDuI05je9s+mJaxpI05k0zFSmE/SpaTyNmJia',
    'BKUTclKkm7T8kpKRtMQjRRTp1KWWNFhCeiN5A74XkjbcG/YMg70jT4R6I54H9F45DeY9cRbIG3YS/J3LAb9RKRDvSR7QPafhXHOP',
    'LpfK5MZ4XLMTQdzCPLhrlgZ2o7IgXMJecuBq652HKqWBYFoi/dOGNwxuRK+ssFRF2CkaLJVgr44VMzYusHhpwLvrTNiuNVjXoKNr',
    'kc11quQ6Rr/W+RoxcS0LWkd+1iGzlqWhrGS9u7FKnFjjditK2RpFYZUbrF7MVUnEqlNVJaTqfapSaZDqqxdzNaqiGkhI/emoRWPU',
    'Y1FDhKhhQ70v1KJTHzY1KA1BxWkZ3dRMNo2amlIMTU8yU4fI9PRPKe5pVEzNRmnZSU3SYNKSxoekYzLSEBHp3S+9uaXhh3TM+Mb4',
    '3gvbe1ZvUB7ohnnlnfpfy/1GPF6b0Z3xuWibW1guGblF46KIO8/DXYPdcC+wd2nDNSzDYB1KhGpMHlDvaTA9Z4E0nATv5IAbKRA9',
    'Og+FJUwDYSMDBlu28wbB3uFjw2hs+AJ7G17Lddef7BoydY0Rup7mWiXXXxp+9TUK44p1aI2zswqWWS+qrHQi68yMlUqsd7eKb2tM',
    'WLHSgNWrTpxV61bVoKJqGU11gqQ6Mq9WiasREtWSI3XsqGMbtSgNRSXqTQ1VjoQap1ORxtSICaqM4PTupiS36VxNSUzTu5nKpEGm',
    'nx4nPdl5Q2FpwoSNwcGanGBL7FiTMjaGAkszeD3d1WXXW13p0kDXuRaiXB/4a/h8jVtcL4XWGjrra8waV9YIIev/sdaI9ZaGW22N',
    'ubAiGVbj6qoSZdU7VZVoqDo3VbJI9eavyrkad1SR0oDUo86VUctV1CAiat0MdT5CnZJTK8TUoAe1EKczNx20aU0aakrTO81UbGQa',
    'n0+xxNO4xFTsKL3/pHQmnXFJKUzSq5GKpEGkl97E0hAJaeDxPT0R7gf2/pwG9QY5C+iNOwnmPeaAvFUp8PeTB7/xNMTRLT9vONfO',
    'aYO5Uc4wlEviRCD3dh6Ma0wDcW9ZcJcoCezG5EC42HIerpYGq0blDdSZtGEakmGQnhPhvTxwI1pGhSUjbNlg0QQ7d6wxDcbAXoXx',
    'eoV3DTu7jlld44qudzTXQ7mG59e5+BoT1yO0nqXhrGa9saz0I2uMjdWoxFpGtxraGp+w0ghWb1d13KqXqlKlgapTLTKp/urVcLka',
    'Q1G9DVIr5qgfMWpcUeMn6muoFRbqKQ2nmhpRQUUhnMbNTeVj0yupKVloOvWZki/Tq0/l9jQupihpQOlJZ8akhVLSICFphYx06iKd',
    '/9I6S4Mc0rLxnbt3yN56Gur03j1vmFfoaYO88WcY/uI5EfxGOQ/iFXEaoHvhLDiXLgnMncqBcmlSgNwbV5wGce9ebDcM4Qb2lgjX',
    'ojywftKgGpIF1HgSTO8ckFYKvM+DG2mIRgYUNsbOGwg7Eh5sCAr2fsfezdiQCuwI4TVm7nojdj2qaxhd59IwV7nO4a/G8zXi4mob',
    'Wud1VhQya9GUlYyshWNFX6wzt9rSYGtY74fVG7tqWFl1kKoaJ6rezFTPpBqWV2fualxUz0bqURqOatRbFZWiiBpDQzUboZbnVCMx',
    'NUKCSnOcHm/qsemxpjRpoOlMyyTT13waHk+jJKa3oLTqJ/1v0riSxpikD4+0SqSXNFwsjZK8IaRoSRvwjXuG4V6ZJ4K9F8+Desmc',
    'BvTOOAvmJTsJ5L3Lgb9SKeA3Jg/xotOA7rkTN7fM5QY5w0Bu3Ykw7oTzQNy5NLhblQV2g5Ig3JIcwM51nAdrpaGAegNTEZDGX0w8',
    'iN4KG0bYsMHeQLAFx97YwDQEFq9FcFcjq7pS0fU2V59cj/Ar+RqHuBqgtQKDr6giIAQIBNJaIsKkoKQgyQGSnpgd0hqi67X9////',
    'DGD+d9UKmGYrk7b9Q5SjHuIT27AbzJaWg9xkBwLarYejd1TH5PItUqwg7WF8Ix+qHFWCzAiLSEC2NGi0Ms4O0+bxFgcUJbZnvUIG',
    '1aOry1jER4WMllQ5j8KX5bBUEDMr3ZFwLLjOETirg4TubufE9G69WrUnfmoH07cGd4ZlmSOfjqF4f6LnZKJsgbNFH7ljshN364Rk',
    '+krPGg2j+rVfcgkmM+ddqYp3GMp6J31TJfRBxxnF0hvtXsuUoYf5JAUMC1WLew0Vs44Rk0JloDqaGuNH0nTcvxGYhT3ZvKRcdeu/',
    'CsRnSyUsRZVG7qi4DAmLv5jsq/J2DfVhEpoSk2mBe0+4ca7N/R1v+WhsXh/6g99cCWeLqzdauIpphA5ntySwR5ujnUVJYaG0BFZU',
    'A7MjLZiL58I1778vYEg/sJmZvHfro4po3mdzac/q7uJAs5vHuKWkQKnKcXBMkbbJqPAkAiQL4yz+8/XmMk3U7Cu8iTmaKhHC9G2q',
    '+SLziMXLW61Vmp2IKZKaRQrQy2NURCvmDC8rL/KYZYlLAscgeEcIH8PHVpON6tbdmRSrEtSSVcw6DrpwfPWqcjTJVBNOiYweN8CQ',
    'GIQeDma5+wPdmNinVjTxWbRfMwldqrYxONob4KXx1KnytMlOVr4zdGdrkkkGKYvf7mJ0vfGG18m2r73JV13ofStImOZ5Zcxq67yd',
    'DJxWVe42Xi+ZgxNX40aYMAmo7sCIb7b/9PRfPVrt/b23/atIOs0dyBHBzvEsnyo3C4gXgZMBgACyWTLCl/YQzrnlmjQ1O9eaGaRn',
    '6VkTyXdFG5bik74=',
  ].join(''),
  'base64',
);
const CONTENT = Buffer.from(
  Array.from({ length: 5000 }, (_, n) => `${n % 97}*${n % 13}=${(n % 97) * (n % 13)}\n`).join(''),
);

const MIB = 1024 * 1024;

/** An uncompressed block (type 0) or one byte repeated `size` times (type 1). */
function block(bytes: Buffer, { type = 0, size = bytes.length, isLast = true } = {}): Buffer {
  const header = Buffer.alloc(3);
  header.writeUIntLE((size << 3) | (type << 1) | (isLast ? 1 : 0), 0, 3);
  return Buffer.concat([header, bytes]);
}

/** A frame with a window of 128 KiB and no content size. */
const frame = (...blocks: Buffer[]) => Buffer.concat([Buffer.from('28b52ffd0038', 'hex'), ...blocks]);
const SKIPPABLE = Buffer.from('502a4d1803000000010203', 'hex');
const ABC = frame(block(Buffer.from('abc')));

/** Node.js 20 has only `zstddec`; the fast tests also run on versions that have both. */
const native = nodeDecoder();
const DECODERS = [
  ...(native === null ? [] : [['node:zlib', native] as const]),
  ['zstddec', await wasmDecoder()] as const,
];

describe.each(DECODERS)('%s', (_name, decoder) => {
  const { decompressZstd, zstdFrames, zstdStart } = createZstd(decoder);
  const contentOf = (input: Buffer, maxBytes = MIB) => Buffer.concat([...zstdFrames(input, maxBytes)]).toString();

  test('decompresses what zstd compressed to the same bytes', () => {
    expect(decompressZstd(COMPRESSED, CONTENT.length).equals(CONTENT)).toBe(true);
    expect(contentOf(COMPRESSED)).toBe(CONTENT.toString());
  });

  test('ignores bytes after the frame that completes the requested size', () => {
    const cluster = Buffer.concat([COMPRESSED, Buffer.alloc(99, 7)]);
    expect(decompressZstd(cluster, CONTENT.length).equals(CONTENT)).toBe(true);
  });

  test('returns the requested part of a frame with more content', () => {
    expect(decompressZstd(ABC, 2).toString()).toBe('ab');
  });

  test('reports content that is shorter than the requested size', () => {
    expect(() => decompressZstd(ABC, 4)).toThrow('zstd data have 3 bytes of content instead of 4');
  });

  test('decompresses every frame and skips skippable ones', () => {
    const input = Buffer.concat([SKIPPABLE, ABC, SKIPPABLE, frame(block(Buffer.from('d'))), ABC]);
    expect(contentOf(input)).toBe('abcdabc');
    expect(decompressZstd(input, 7).toString()).toBe('abcdabc');
  });

  test('ends at bytes that are not a frame', () => {
    expect(contentOf(Buffer.concat([ABC, Buffer.from('not a frame'), ABC]))).toBe('abc');
    expect(contentOf(Buffer.alloc(0))).toBe('');
  });

  test('decompresses a frame without content', () => {
    expect(contentOf(Buffer.concat([frame(block(Buffer.alloc(0))), ABC]))).toBe('abc');
  });

  test('accepts content up to the limit and rejects one byte more, in one frame or in several', () => {
    expect(contentOf(ABC, 3)).toBe('abc');
    expect(() => contentOf(ABC, 2)).toThrow(/decompress to more than 2 bytes/);
    expect(() => contentOf(Buffer.concat([ABC, ABC]), 3)).toThrow(/decompress to more than/);
    expect(contentOf(COMPRESSED, CONTENT.length)).toBe(CONTENT.toString());
    expect(() => contentOf(COMPRESSED, CONTENT.length - 1)).toThrow(/decompress to more than/);
  });

  test('stops at the limit when a few bytes repeat one byte without end', () => {
    const repeated = block(Buffer.from('x'), { type: 1, size: 128 * 1024, isLast: false });
    const bomb = frame(...Array.from({ length: 1000 }, () => repeated), block(Buffer.alloc(0)));
    expect(() => contentOf(bomb)).toThrow(/decompress to more than/);
    expect(() => decompressZstd(bomb, 65_536)).toThrow(/decompress to more than/);
  });

  test('returns the first block of input that is cut off later', () => {
    const first = block(Buffer.from('abc'), { isLast: false });
    expect(zstdStart(frame(first, block(Buffer.from('def'))).subarray(0, -1)).toString()).toBe('abc');
    const withoutChecksum = COMPRESSED.subarray(0, -4);
    expect(zstdStart(withoutChecksum).equals(CONTENT)).toBe(true);
  });

  test('rejects a frame that is cut off anywhere', () => {
    for (let length = 4; length < ABC.length; length += 1) {
      expect(() => contentOf(ABC.subarray(0, length))).toThrow('a zstd frame is cut off');
    }
    expect(() => contentOf(COMPRESSED.subarray(0, -1))).toThrow('a zstd frame is cut off');
  });

  test('rejects a window of more than 128 MiB before it reserves memory', () => {
    const large = Buffer.from(ABC);
    large.writeUInt8(0x90, 5);
    expect(() => contentOf(large)).toThrow(`a zstd frame requires a window of ${256 * MIB} bytes`);
  });

  test('rejects content that does not have the checksum of its frame', () => {
    const withChecksum = Buffer.concat([
      Buffer.from('28b52ffd0438', 'hex'),
      block(Buffer.from('abc')),
      Buffer.alloc(4),
    ]);
    expect(() => contentOf(withChecksum)).toThrow(/zstd data are damaged/);
  });

  test('returns other bytes or an UnreadableError when one byte is changed anywhere', () => {
    for (let at = 0; at < COMPRESSED.length; at += at < 200 ? 1 : 17) {
      const damaged = Buffer.from(COMPRESSED);
      damaged.writeUInt8((damaged.readUInt8(at) + 1 + (at % 255)) % 256, at);
      try {
        decompressZstd(damaged, CONTENT.length);
      } catch (error) {
        expect(error).toMatchObject({ name: 'UnreadableError' });
      }
    }
  });
});

test.each([
  ['a frame without a size', '28b52ffd0038', null],
  ['one byte in a single segment', '28b52ffd20' + '07', 7],
  ['two bytes, which count from 256', '28b52ffd4038' + '0100', 257],
  ['four bytes', '28b52ffd8038' + '00000100', 65_536],
  ['eight bytes', '28b52ffdc038' + '0000000001000000', 2 ** 32],
])('reads the content size of %s', (_name, head, size) => {
  expect(zstdExtent(bufferSource(Buffer.from(head, 'hex')))?.contentSize).toBe(size);
});

describe('the content size of a file', () => {
  const skippable = (bytes: number) => {
    const frame = Buffer.alloc(8 + bytes);
    frame.writeUInt32LE(0x184d2a50, 0);
    frame.writeUInt32LE(bytes, 4);
    return frame;
  };
  /** A single segment of one raw block. */
  const frame = (content: Buffer) => {
    const header = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x20, content.length, 0, 0, 0]);
    header.writeUIntLE((content.length << 3) | 1, 6, 3);
    return Buffer.concat([header, content]);
  };
  const two = [frame(Buffer.alloc(100, 'a')), frame(Buffer.alloc(50, 'b'))];

  test.each([
    ['two frames', two, 150],
    ['a skippable frame, then two frames', [skippable(12), ...two], 150],
    ['skippable frames between and after the frames', [two[0], skippable(0), two[1], skippable(40)], 150],
    ['other bytes after the frames', [...two, Buffer.from('trailing bytes')], 150],
    ['a second frame without a size', [two[0], Buffer.from('28b52ffd0038010000', 'hex')], null],
    ['only a skippable frame', [skippable(4)], null],
  ])('%s', (_name, parts, size) => {
    const file = Buffer.concat(parts.filter((part) => part !== undefined));
    expect(zstdExtent(bufferSource(file))?.contentSize ?? null).toBe(size);
  });
});

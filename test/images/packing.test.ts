/** The names in an initramfs, whichever way it is packed; and damaged packing ends in words, not in a crash. */
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { readInitramfs } from '../../images/packing/cpio.js';
import { unzstd } from '../../images/packing/zstd.js';

function cpio(names: readonly string[], size = 100): Buffer {
  const hex = (value: number) => value.toString(16).padStart(8, '0');
  const entry = (name: string, length: number) => {
    const fields = [0, 0o100644, 0, 0, 1, 0, length, 0, 0, 0, 0, name.length + 1, 0].map(hex).join('');
    const head = Buffer.from(`070701${fields}${name}\0`);
    return Buffer.concat([
      head,
      Buffer.alloc((4 - (head.length % 4)) % 4),
      Buffer.alloc(Math.ceil(length / 4) * 4, 'x'),
    ]);
  };
  return Buffer.concat([...names.map((name) => entry(name, size)), entry('TRAILER!!!', 0), Buffer.alloc(512)]);
}

const NAMES = ['usr/lib/modules/6.1/kernel/drivers/block/virtio_blk.ko', 'init'];

test('plain microcode first, then a packed archive', () => {
  const image = Buffer.concat([cpio(['kernel/x86/microcode/GenuineIntel.bin']), gzipSync(cpio(NAMES))]);
  expect(readInitramfs(image)).toEqual({
    names: ['kernel/x86/microcode/GenuineIntel.bin', ...NAMES],
    packing: 'gzip',
    problem: null,
  });
});

test('an archive that is not packed', () => {
  expect(readInitramfs(cpio(NAMES))).toEqual({ names: NAMES, packing: 'none', problem: null });
});

/** `seq`-like lines packed by zstd 1.5.4 -19: Huffman literals, FSE sequences, repeated offsets. */
const PACKED = Buffer.from(
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
const PLAIN = Buffer.from(
  Array.from({ length: 5000 }, (_, n) => `${n % 97}*${n % 13}=${(n % 97) * (n % 13)}\n`).join(''),
);

test('what zstd packed is unpacked to the same bytes', () => {
  expect(unzstd(PACKED, PLAIN.length).equals(PLAIN)).toBe(true);
  // A cluster's stream is followed by whatever the next one begins with.
  expect(unzstd(Buffer.concat([PACKED, Buffer.alloc(99, 7)]), PLAIN.length).equals(PLAIN)).toBe(true);
});

test('zstd data with one byte changed anywhere are other bytes or an error in words', () => {
  for (let at = 0; at < PACKED.length; at += at < 200 ? 1 : 17) {
    const damaged = Buffer.from(PACKED);
    damaged.writeUInt8((damaged.readUInt8(at) + 1 + (at % 255)) % 256, at);
    try {
      unzstd(damaged, PLAIN.length);
    } catch (error) {
      expect(error).toMatchObject({ name: 'UnreadableError' });
    }
  }
});

/** `cpio(NAMES)` as `xz --check=crc32 --lzma2=dict=1MiB` and `xz --format=lzma` pack it. */
const XZ: Readonly<Record<string, string>> = {
  xz: [
    '/Td6WFoAAAFpIt42AgAhARAAAACocI6G4ARfAHRdABgN3QRjnRHbQZJa/5KhTYwLKcPTZyO523ziAKWZVQH740XTcf5eq/RF4B0kV3DkvrcI',
    '7/ybjcCN/zroTITBYCBXqlrnA/1jEUGWBS1DYrAVefahtFSPI4AWzIOVHoNc5V2pzj0/u9hXZmk5jM+yL1XhbZ0AAGOO22wAAYwB4AgAAE45',
    'K08+MA2LAgAAAAABWVo=',
  ].join(''),
  lzma: [
    'XQAAgAD//////////wAYDd0EY50R20GSWv+SoU2MCynD02cjudt84gClmVUB++NF03H+Xqv0ReAdJFdw5L63CO/8m43Ajf866EyEwWAgV6pa',
    '5wP9YxFBlgUtQ2KwFXn2obRUjyOAFsyDlR6DXOVdqc49P7vYV2ZpOYzPsi9WSrDA///OsVvV',
  ].join(''),
};

test.each(Object.entries(XZ))('an archive packed by %s, alone and behind microcode', (packing, packed) => {
  const bytes = Buffer.from(packed, 'base64');
  expect(readInitramfs(bytes)).toEqual({ names: NAMES, packing, problem: null });
  const second = readInitramfs(Buffer.concat([cpio(['early']), bytes]));
  expect(second).toEqual({ names: ['early', ...NAMES], packing, problem: null });
});

test('xz data with one byte changed anywhere are other names or a problem in words', () => {
  const packed = Buffer.from(XZ.xz ?? '', 'base64');
  for (let at = 6; at < packed.length; at += 1) {
    const changed = Buffer.from(packed);
    changed.writeUInt8((changed[at] ?? 0) ^ 0x55, at);
    const told = readInitramfs(changed);
    expect(told.problem === null || told.problem.length > 0).toBe(true);
  }
});

test.each([
  ['a stream with nothing in it', 'fd377a585a0000', 'xz'],
  ['a packing that is not read', '894c5a4f000d0a1a0a', 'lzo'],
])('names are not made up of %s: could not tell', (_name, magic, packing) => {
  const told = readInitramfs(Buffer.concat([Buffer.from(magic, 'hex'), Buffer.alloc(99)]));
  expect(told).toMatchObject({ names: [], packing, problem: expect.stringMatching(/./) });
});

test('drivers in an image of their own are not taken for missing', () => {
  const told = readInitramfs(gzipSync(cpio(['init', 'squash-root.img'])));
  expect(told.problem).toContain('squash-root.img');
});

test('an archive that is cut off says so', () => {
  const packed = gzipSync(cpio(NAMES));
  expect(readInitramfs(packed.subarray(0, packed.length - 20)).problem).not.toBeNull();
});

/** Addresses of the page. */
import { describe, expect, test } from 'vitest';
import { hrefOf, readAddress, readSignInLink } from '../../web/address.js';

describe('an address', () => {
  test.each([
    ['', [], {}],
    ['#/', [], {}],
    ['#/imports', ['imports'], {}],
    ['#/imports/imp-1', ['imports', 'imp-1'], {}],
    [
      '#/imports?state=attention&tag=a%3Db&tag=c%3D%26&name=',
      ['imports'],
      { state: ['attention'], tag: ['a=b', 'c=&'] },
    ],
    ['#/batches/%E4%B8%80%2F', ['batches', '一/'], {}],
    ['#/imports/%E4%', ['imports', '%E4%'], {}],
  ])('%s → its path and filters', (hash, path, query) => {
    expect(readAddress(hash)).toEqual({ path, query });
  });

  test('with any filter → reads as what was written', () => {
    const query = { name: ['web 01 & co'], tag: ['team=web', '名=值'], state: [''] };
    expect(readAddress(hrefOf(['imports', 'a/b'], query))).toEqual({
      path: ['imports', 'a/b'],
      query: { name: ['web 01 & co'], tag: ['team=web', '名=值'] },
    });
  });
});

describe('a sign-in link', () => {
  test('→ its code and the view to open', () => {
    expect(readSignInLink('#sign-in=abc')).toEqual({ code: 'abc', to: '#/' });
    expect(readSignInLink('#sign-in=abc&to=/imports/imp-1')).toEqual({ code: 'abc', to: '#/imports/imp-1' });
    expect(readSignInLink('#sign-in=abc&to=//other.example')).toEqual({ code: 'abc', to: '#//other.example' });
    expect(readSignInLink('#sign-in=abc&to=https://other.example')).toEqual({ code: 'abc', to: '#/' });
  });

  test('is no address of a view, and the other way round', () => {
    expect(readAddress('#sign-in=abc')).toBeNull();
    expect(readSignInLink('#/imports?state=failed')).toBeNull();
  });
});

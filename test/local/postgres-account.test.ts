import { expect, test } from 'vitest';
import { type AccountFacts, chooseAccount } from '../../local/postgres/account.js';

const WHOLE = '         0          0 4294967295\n';
const ROOT = 'root:x:0:0:root:/root:/bin/sh\n';
const NOBODY = 'nobody:x:65534:65533:nobody:/:/usr/sbin/nologin\n';
const POSTGRES = 'postgres:x:101:104::/var/lib/postgresql:/bin/sh\n';

function choose(facts: Partial<AccountFacts>) {
  return chooseAccount({ passwd: ROOT, uidMap: WHOLE, gidMap: WHOLE, owner: null, ...facts });
}

test.each<[string, Partial<AccountFacts>, unknown]>([
  ['an existing database → its owner', { passwd: ROOT + POSTGRES, owner: { uid: 7, gid: 8 } }, { uid: 7, gid: 8 }],
  ['users postgres and nobody → postgres', { passwd: ROOT + NOBODY + POSTGRES }, { uid: 101, gid: 104 }],
  ['user nobody only → nobody', { passwd: ROOT + NOBODY }, { uid: 65_534, gid: 65_533 }],
  ['no user but root → 65534', {}, { uid: 65_534, gid: 65_534 }],
  [
    'no list of users and no user namespaces → 65534',
    { passwd: '', uidMap: '', gidMap: '' },
    { uid: 65_534, gid: 65_534 },
  ],
  [
    'a user namespace without the ids of postgres → the first id that it has',
    { passwd: ROOT + POSTGRES, uidMap: '0 1000 1\n1 100000 50\n', gidMap: '0 1000 1\n1 100000 50\n' },
    { uid: 1, gid: 1 },
  ],
  [
    'a user namespace with root only → none',
    { passwd: ROOT + NOBODY, uidMap: '0 1000 1\n', gidMap: '0 1000 1\n' },
    null,
  ],
  ['a postgres with id 0 → not chosen', { passwd: 'postgres:x:0:0::/:/bin/sh\n' }, { uid: 65_534, gid: 65_534 }],
])('%s', (_condition, facts, account) => {
  expect(choose(facts)).toEqual(account);
});

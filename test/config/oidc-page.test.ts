/** The configurations of docs/oidc.md, with claims as GitHub Actions and Kubernetes issue them. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { type OidcIssuer, oidcIssuers } from '../../config/oidc.js';
import { identityFromClaims } from '../../domain/access/claims.js';

const folder = mkdtempSync(path.join(tmpdir(), 'oidc-page-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const issuers = new Map<string, OidcIssuer>();
for (const [, yaml = ''] of readFileSync('docs/oidc.md', 'utf8').matchAll(/```yaml\n(issuers:.*?)```/gs)) {
  const file = path.join(folder, 'oidc.yaml');
  writeFileSync(file, yaml);
  for (const one of oidcIssuers(file)) issuers.set(one.name, one);
}

const GITHUB = {
  sub: 'repo:acme/images:ref:refs/heads/main',
  aud: 'ecs-image-import',
  repository: 'acme/images',
  repository_owner: 'acme',
  ref: 'refs/heads/main',
  event_name: 'push',
};
const KUBERNETES = {
  sub: 'system:serviceaccount:build:importer',
  aud: ['ecs-image-import'],
  'kubernetes.io': { namespace: 'build', pod: { name: 'importer' }, serviceaccount: { name: 'importer', uid: '1' } },
};

test.each<[string, string, object, string | null]>([
  ['github', 'the branch main', GITHUB, 'operator'],
  ['github', 'another branch', { ...GITHUB, ref: 'refs/heads/feature' }, 'viewer'],
  ['github', 'a pull request of a fork', { ...GITHUB, repository: 'evil/images', repository_owner: 'evil' }, null],
  ['cluster', 'the service account', KUBERNETES, 'operator'],
  [
    'cluster',
    'another one of the namespace',
    { ...KUBERNETES, 'kubernetes.io': { namespace: 'build', serviceaccount: { name: 'default' } } },
    null,
  ],
  [
    'cluster',
    'one of the same name in another namespace',
    { ...KUBERNETES, 'kubernetes.io': { namespace: 'x', serviceaccount: { name: 'importer' } } },
    null,
  ],
  ['company', 'an admin', { sub: '1', groups: ['staff', 'image-admins'] }, 'admin'],
  ['company', 'another employee', { sub: '2', groups: ['staff'] }, null],
])('issuer %s, %s → the documented role', (name, _who, claims, role) => {
  const issuer = issuers.get(name);
  if (issuer === undefined) throw new Error(`docs/oidc.md has no issuer ${name}`);
  expect(identityFromClaims(issuer.rules, issuer.issuer, { ...claims })?.role ?? null).toBe(role);
});

/** Versions, delete markers and retention policies of emulated buckets. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { BUCKET, type LocalCloud, startCloud } from '../support/emulator/local-cloud.js';
import { type OssRequest, send } from '../support/emulator/oss-clients.js';

let cloud: LocalCloud;

beforeEach(async () => {
  cloud = await startCloud();
  cloud.makeBucket(BUCKET);
});
afterEach(() => cloud.close());

const ask = (request: OssRequest) => send(cloud, request);
const put = (key: string, body: string) => ask({ method: 'PUT', key, body });
const remove = (key: string, query: Record<string, string> = {}) => ask({ method: 'DELETE', key, query });
const setVersioning = (status: 'Enabled' | 'Suspended') =>
  ask({
    method: 'PUT',
    query: { versioning: '' },
    body: `<VersioningConfiguration><Status>${status}</Status></VersioningConfiguration>`,
  });

/** `KEY VERSION`, with `*` for the latest and `-` for a delete marker. */
async function listed(query: Record<string, string> = {}) {
  const { text } = await ask({ method: 'GET', query: { versions: '', ...query } });
  const entries = [...text.matchAll(/<(Version|DeleteMarker)>(.*?)<\/\1>/gs)].map(([, kind, fields = '']) => {
    const of = (name: string) => new RegExp(`<${name}>(.*?)</${name}>`).exec(fields)?.[1] ?? '';
    const marks = `${of('IsLatest') === 'true' ? '*' : ''}${kind === 'DeleteMarker' ? '-' : ''}`;
    return { key: of('Key'), versionId: of('VersionId'), marks };
  });
  const next = (name: string) => new RegExp(`<${name}>(.*?)</${name}>`).exec(text)?.[1];
  return { entries, nextKey: next('NextKeyMarker'), nextVersion: next('NextVersionIdMarker') };
}
const versionOf = ({ headers }: { readonly headers: Record<string, unknown> }) => String(headers['x-oss-version-id']);

describe('a bucket without versioning', () => {
  test('reports no status, and deletes an object for good, with or without the version null', async () => {
    const { text } = await ask({ method: 'GET', query: { versioning: '' } });
    expect(text).toContain('<VersioningConfiguration></VersioningConfiguration>');
    expect((await put('k', 'one')).headers).not.toHaveProperty('x-oss-version-id');
    expect((await listed()).entries).toEqual([{ key: 'k', versionId: 'null', marks: '*' }]);
    expect((await remove('k', { versionId: 'null' })).status).toBe(204);
    expect((await remove('k')).headers).not.toHaveProperty('x-oss-delete-marker');
    expect((await listed()).entries).toEqual([]);
  });
});

describe('a bucket with versioning', () => {
  beforeEach(() => setVersioning('Enabled'));

  test('is reported by GetBucketVersioning and GetBucketInfo', async () => {
    expect((await ask({ method: 'GET', query: { versioning: '' } })).text).toContain('<Status>Enabled</Status>');
    expect((await ask({ method: 'GET', query: { bucketInfo: '' } })).text).toContain(
      '<Versioning>Enabled</Versioning>',
    );
  });

  test('keeps each version and puts a delete marker on a delete without version', async () => {
    const first = versionOf(await put('k', 'one'));
    const second = versionOf(await put('k', 'two'));
    const deleted = await remove('k');
    const marker = versionOf(deleted);
    expect(deleted.headers['x-oss-delete-marker']).toBe('true');
    expect((await listed()).entries).toEqual([
      { key: 'k', versionId: marker, marks: '*-' },
      { key: 'k', versionId: second, marks: '' },
      { key: 'k', versionId: first, marks: '' },
    ]);
    const gone = await ask({ method: 'HEAD', key: 'k' });
    expect(gone.status).toBe(404);
    expect(gone.headers['x-oss-delete-marker']).toBe('true');
    expect((await ask({ method: 'GET', key: 'k', query: { versionId: first } })).text).toBe('one');
    expect((await ask({ method: 'DELETE' })).code).toBe('BucketNotEmpty');
  });

  test('a delete by version → the version is gone, the newest other one is current, and its file is removed', async () => {
    const first = versionOf(await put('k', 'one'));
    const second = versionOf(await put('k', 'two'));
    const marker = versionOf(await remove('k'));
    expect((await remove('k', { versionId: marker })).headers['x-oss-delete-marker']).toBe('true');
    expect((await ask({ method: 'GET', key: 'k' })).text).toBe('two');
    await remove('k', { versionId: second });
    expect((await ask({ method: 'GET', key: 'k' })).text).toBe('one');
    await remove('k', { versionId: first });
    expect((await remove('k', { versionId: first })).status).toBe(204);
    expect((await listed()).entries).toEqual([]);
    expect((await ask({ method: 'DELETE' })).status).toBe(204);
  });

  test('ListObjectVersions pages through the versions of a key, and keeps to the prefix', async () => {
    for (const body of ['1', '2', '3']) await put('a', body);
    await put('b', '1');
    await remove('b');
    const all = (await listed()).entries;
    const paged = [];
    let marker: Record<string, string> = {};
    for (;;) {
      const page = await listed({ 'max-keys': '2', ...marker });
      paged.push(...page.entries);
      if (page.nextKey === undefined || page.nextVersion === undefined) break;
      marker = { 'key-marker': page.nextKey, 'version-id-marker': page.nextVersion };
    }
    expect(all).toHaveLength(5);
    expect(paged).toEqual(all);
    expect((await listed({ prefix: 'b' })).entries.map(({ key }) => key)).toEqual(['b', 'b']);
  });

  test('suspended → writes and deletes replace the version null only', async () => {
    const first = versionOf(await put('k', 'one'));
    await setVersioning('Suspended');
    expect(versionOf(await put('k', 'two'))).toBe('null');
    expect(versionOf(await put('k', 'three'))).toBe('null');
    expect((await listed()).entries).toEqual([
      { key: 'k', versionId: 'null', marks: '*' },
      { key: 'k', versionId: first, marks: '' },
    ]);
    await remove('k');
    expect((await listed()).entries).toEqual([
      { key: 'k', versionId: 'null', marks: '*-' },
      { key: 'k', versionId: first, marks: '' },
    ]);
  });

  test('the state for tests shows versions and markers; a version needs a permission of its own', async () => {
    await put('k', 'one');
    const marker = versionOf(await remove('k'));
    const state = await (await fetch(`http://${cloud.address}/_emulator/state`)).json();
    expect(state).toMatchObject({
      objects: [],
      versions: [
        { key: 'k', isMarker: false, size: 3 },
        { key: 'k', versionId: marker, isMarker: true },
      ],
    });
    const keys = cloud.makeUser('some', {
      Version: '1',
      Statement: [{ Effect: 'Allow', Action: ['oss:DeleteObject'], Resource: '*' }],
    });
    const denied = await ask({ method: 'DELETE', key: 'k', query: { versionId: marker }, keys });
    expect(denied.text).toContain('<AuthAction>oss:DeleteObjectVersion</AuthAction>');
    const many = `<Delete><Object><Key>k</Key><VersionId>${marker}</VersionId></Object></Delete>`;
    expect((await ask({ method: 'POST', query: { delete: '' }, body: many, keys })).code).toBe('AccessDenied');
    await ask({ method: 'POST', query: { delete: '' }, body: many });
    expect((await ask({ method: 'GET', key: 'k' })).text).toBe('one');
  });
});

describe('a bucket with a retention policy', () => {
  const retain = () =>
    ask({
      method: 'POST',
      query: { worm: '' },
      body: '<InitiateWormConfiguration><RetentionPeriodInDays>2</RetentionPeriodInDays></InitiateWormConfiguration>',
    });

  test('does not delete or replace objects, but takes new ones, until it is aborted', async () => {
    await put('old', '1');
    expect((await ask({ method: 'GET', query: { worm: '' } })).code).toBe('NoSuchWORMConfiguration');
    await retain();
    expect((await ask({ method: 'GET', query: { worm: '' } })).text).toContain('<State>InProgress</State>');
    expect((await put('new', '1')).status).toBe(200);
    expect((await put('old', '2')).code).toBe('FileImmutable');
    expect(await remove('old')).toMatchObject({ status: 409, code: 'FileImmutable' });
    await ask({ method: 'DELETE', query: { worm: '' } });
    expect((await remove('old')).status).toBe(204);
  });

  test('locked → cannot be aborted, and excludes versioning', async () => {
    const wormId = String((await retain()).headers['x-oss-worm-id']);
    await ask({ method: 'POST', query: { wormId } });
    expect((await ask({ method: 'GET', query: { worm: '' } })).text).toContain('<State>Locked</State>');
    expect((await ask({ method: 'DELETE', query: { worm: '' } })).code).toBe('WORMConfigurationLocked');
    expect((await setVersioning('Enabled')).status).toBe(409);
  });
});

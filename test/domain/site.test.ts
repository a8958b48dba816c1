/** Remedies link to the consoles of the site that the account is registered at. */
import { afterEach, expect, test } from 'vitest';
import { cloudFromEnvironment } from '../../config/cloud.js';
import { ConfigError } from '../../config/environment.js';
import { CATALOGUE, type CatalogueEntry, failureOf } from '../../domain/errors/index.js';
import { useSite, withLinksOfSite } from '../../domain/errors/site.js';

afterEach(() => useSite('china'));

const remedyOf = (code: string) =>
  failureOf({ service: 'ecs', action: 'ImportImage', code, message: 'no', status: 403 }).remedy;

test('the Chinese site, by default → links to console.aliyun.com', () => {
  expect(remedyOf('QuotaExceed.Image')).toContain('https://quotas.console.aliyun.com/');
});

test('ECS_IMPORT_SITE=international → every link to a console is one of that site', () => {
  cloudFromEnvironment({ ECS_IMPORT_SITE: 'international' });
  expect(remedyOf('QuotaExceed.Image')).toContain('https://quotas.console.alibabacloud.com/');
  const entries: readonly CatalogueEntry[] = Object.values(CATALOGUE).flat();
  for (const { remedy } of entries) {
    const text = withLinksOfSite(remedy);
    expect(text).not.toMatch(/https:\/\/(?!workorder-intl\.)[a-z0-9-]+\.console\.aliyun\.com|usercenter2\.aliyun\.com/);
  }
});

test('the values of a request stay as they are', () => {
  useSite('international');
  const { remedy } = failureOf({
    ...{ service: 'oss', action: 'HeadObject', code: 'NoSuchKey', message: 'no', status: 404 },
    values: { object: 'oss://b/https://ecs.console.aliyun.com/x' },
  });
  expect(remedy).toContain('oss://b/https://ecs.console.aliyun.com/x');
});

test('another value → refused', () => {
  expect(() => cloudFromEnvironment({ ECS_IMPORT_SITE: 'mars' })).toThrow(ConfigError);
});

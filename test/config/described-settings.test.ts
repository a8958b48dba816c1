/** The settings that an admin may see. */
import { expect, test } from 'vitest';
import { describeSettings } from '../../config/described-settings.js';

test('variables with secrets → named without their values; others → shown with their origin', () => {
  const secret = 'do-not-show';
  const settings = describeSettings({
    ...{ DATABASE_URL: `postgres://u:${secret}@h/d`, ECS_IMPORT_API_TOKEN: secret, TEMPORAL_API_KEY: secret },
    ...{ ECS_IMPORT_PAYLOAD_KEYS: secret, ECS_IMPORT_ACCOUNTS: secret, ECS_IMPORT_PORT: '9000' },
  });
  expect(JSON.stringify(settings)).not.toContain(secret);
  const of = (name: string) => settings.find((one) => one.name === name);
  expect(of('ECS_IMPORT_API_TOKEN')).toMatchObject({ value: null, origin: 'environment', isSecret: true });
  expect(of('ECS_IMPORT_PORT')).toMatchObject({ value: '9000', origin: 'environment' });
  expect(of('ECS_IMPORT_KEEP_FAILED_DAYS')).toMatchObject({ value: '400', origin: 'default' });
});

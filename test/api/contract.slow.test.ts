/** The OpenAPI document has no findings in the recommended rules of two linters, and the client has its types. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import spectral from '@stoplight/spectral-core';
import rulesets from '@stoplight/spectral-rulesets';
import { expect, test } from 'vitest';
import { CLIENT_TYPES, clientTypes } from '../support/api/client-types.js';
import { openApiText } from '../support/api/document.js';

const REDOCLY = path.resolve('node_modules/.bin/redocly');

test('the OpenAPI document → no finding of spectral:oas', async () => {
  const linter = new spectral.Spectral();
  linter.setRuleset({ ...rulesets.oas, extends: [] });
  const findings = await linter.run(await openApiText());
  expect(findings.map(({ code, path: at, message }) => `${code} at ${at.join('.')}: ${message}`)).toEqual([]);
});

test('the OpenAPI document → no finding of the recommended rules of Redocly', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'openapi-'));
  try {
    const file = path.join(folder, 'openapi.json');
    await writeFile(file, await openApiText());
    const args = ['lint', '--extends=recommended-strict', '--format=json', file];
    const env = { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' };
    // The status is 1 with findings.
    const { stdout } = await promisify(execFile)(REDOCLY, args, { env, maxBuffer: 64 * 1024 * 1024 }).catch(
      (error: { readonly stdout: string }) => error,
    );
    const report: { readonly problems: readonly { readonly ruleId: string; readonly message: string }[] } =
      JSON.parse(stdout);
    expect(report.problems.map(({ ruleId, message }) => `${ruleId}: ${message}`)).toEqual([]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test('the types of the client → those of the OpenAPI document; `npm run client` writes them', async () => {
  expect((await readFile(CLIENT_TYPES, 'utf8')) === (await clientTypes())).toBe(true);
});

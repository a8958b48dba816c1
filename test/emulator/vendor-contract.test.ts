/**
 * The vendor's ImportImage document, walked code by code: each is provoked in the emulator through the vendor's own
 * client, over a socket, and what the product makes of it is what its catalogue says.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { sdkFailure } from '../../alibaba/sdk-errors.js';
import { isDryRunSuccess, lookUp } from '../../domain/errors/index.js';
import { importErrors } from '../../emulator/ecs/import-errors.js';
import { provocations } from '../support/emulator/import-image-cases.js';
import { importRequest, type LocalCloud, startReadyCloud } from '../support/emulator/local-cloud.js';
import { raw } from '../support/emulator/made-disks.js';
import { codesInProse, documentedErrors } from '../support/vendor/import-image-document.js';

let cloud: LocalCloud;

beforeEach(async () => {
  cloud = await startReadyCloud(raw());
});

afterEach(() => cloud.close());

/** Codes that no request and no state can bring about here, so that a planted fault must. */
const INJECTED: readonly string[] = [];

test('a request that breaks no rule is taken: every refusal below has the cause it names', async () => {
  const { statusCode, body } = await cloud.ecs().importImage(importRequest());
  expect(statusCode).toBe(200);
  expect(body).toMatchObject({ regionId: 'cn-hangzhou', taskId: expect.stringMatching(/^t-/) });
});

test('every code of the document is provoked here', () => {
  const provoked = new Set(provocations.map(({ status, code }) => `${status} ${code}`));
  const missing = documentedErrors.filter(({ status, code }) => !provoked.has(`${status} ${code}`));
  expect(missing.filter(({ code }) => !INJECTED.includes(code))).toEqual([]);
  expect(codesInProse.filter((code) => !provocations.some((one) => one.code === code))).toEqual([]);
});

test('the emulator answers with the statuses and words of the document, and with no code of its own', () => {
  const words = (text: string) => text.replaceAll('.', ' ').replace(/\s+/g, ' ').trim();
  for (const [code, [status, message]] of Object.entries(importErrors)) {
    const entry = documentedErrors.find((one) => one.code === code && one.status === status);
    expect(entry, `${status} ${code}`).toBeDefined();
    // The document's own `%s` stands for what it does not tell; ours also for the parameter that lacks.
    for (const part of message.split('%s')) expect(words(entry?.text ?? '')).toContain(words(part));
  }
});

describe.each(provocations)('$status $code', ({ status, code, when, becomes, field, state, request, act }) => {
  test(when, async () => {
    await state?.(cloud);
    const error = await (act?.(cloud) ?? cloud.ecs().importImage(importRequest(request))).then(
      () => null,
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ code, statusCode: status, requestId: expect.stringMatching(/^[0-9A-F-]{36}$/) });

    const { failure } = sdkFailure('ecs', 'ImportImage', error);
    expect(lookUp('ecs', code)).not.toBeNull();
    expect(isDryRunSuccess(failure.code)).toBe(becomes === 'success');
    if (becomes === 'success') return;
    expect(failure).toMatchObject({ class: becomes, status });
    expect(failure.field).toBe(field);
    expect(failure.remedy.length).toBeGreaterThan(20);
  });
});

/**
 * Contract test for every error code of the vendor's ImportImage document: the vendor's client receives the code from
 * the emulator, and the product classifies it as its catalogue defines.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { sdkFailure } from '../../alibaba/sdk-errors.js';
import { isDryRunSuccess, lookUp } from '../../domain/errors/index.js';
import { importErrors } from '../../emulator/ecs/import-errors.js';
import { errorCases } from '../support/emulator/import-image-cases.js';
import { importRequest, type LocalCloud, startReadyCloud } from '../support/emulator/local-cloud.js';
import { raw } from '../support/emulator/made-disks.js';
import { codesInProse, documentedErrors } from '../support/vendor/import-image-document.js';

let cloud: LocalCloud;

beforeEach(async () => {
  cloud = await startReadyCloud(raw());
});

afterEach(() => cloud.close());

/** Codes that occur in the emulator only as an injected fault. */
const INJECTED: readonly string[] = [];

test('accepts a valid request, so that each error below has the named cause', async () => {
  const { statusCode, body } = await cloud.ecs().importImage(importRequest());
  expect(statusCode).toBe(200);
  expect(body).toMatchObject({ regionId: 'cn-hangzhou', taskId: expect.stringMatching(/^t-/) });
});

test('has a case for every code of the document', () => {
  const covered = new Set(errorCases.map(({ status, code }) => `${status} ${code}`));
  const missing = documentedErrors.filter(({ status, code }) => !covered.has(`${status} ${code}`));
  expect(missing.filter(({ code }) => !INJECTED.includes(code))).toEqual([]);
  expect(codesInProse.filter((code) => !errorCases.some((errorCase) => errorCase.code === code))).toEqual([]);
});

test('returns only documented codes, with the documented status and message', () => {
  const normalize = (text: string) => text.replaceAll('.', ' ').replace(/\s+/g, ' ').trim();
  for (const [code, [status, message]] of Object.entries(importErrors)) {
    const entry = documentedErrors.find((documented) => documented.code === code && documented.status === status);
    expect(entry, `${status} ${code}`).toBeDefined();
    // `%s` replaces the parts that the document does not specify, and the name of a missing parameter.
    for (const part of message.split('%s')) expect(normalize(entry?.text ?? '')).toContain(normalize(part));
  }
});

describe.each(errorCases)('$status $code', ({ status, code, when, failureClass, field, prepare, request, call }) => {
  test(when, async () => {
    await prepare?.(cloud);
    const error = await (call?.(cloud) ?? cloud.ecs().importImage(importRequest(request))).then(
      () => null,
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ code, statusCode: status, requestId: expect.stringMatching(/^[0-9A-F-]{36}$/) });

    const { failure } = sdkFailure('ecs', 'ImportImage', error);
    expect(lookUp('ecs', code)).not.toBeNull();
    expect(isDryRunSuccess(failure.code)).toBe(failureClass === 'success');
    if (failureClass === 'success') return;
    expect(failure).toMatchObject({ class: failureClass, status });
    expect(failure.field).toBe(field);
    expect(failure.remedy.length).toBeGreaterThan(20);
  });
});

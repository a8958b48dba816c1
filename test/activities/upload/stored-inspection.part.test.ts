/** Objects of converted images, whose inspection is stored for other imports: a later version inspects them again. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Finding } from '../../../domain/import.js';
import { containerOf } from '../../../images/convert/decision.js';
import { openLocalFile } from '../../../sources/local-file.js';
import { programVersion } from '../../../store/program-version.js';
import { inspectionOf } from '../../support/activities/upload/inspections.js';
import {
  diskOf,
  sharedRecord,
  uploadWorker,
  type WorkerOptions,
} from '../../support/activities/upload/upload-runner.js';
import { type Recorder, startRecorder } from '../../support/alibaba/oss-recorder.js';

let bucket: Recorder;
let folder: string;

beforeEach(async () => {
  bucket = await startRecorder();
  folder = await mkdtemp(join(tmpdir(), 'stored-inspection-'));
});
afterEach(async () => {
  await bucket.close();
  await rm(folder, { recursive: true });
});

const finding = (code: string): Finding => ({
  ...{ code, severity: 'warning', message: code, evidence: '', remedy: '', source: 'inspection' },
});
const found = (...codes: readonly string[]) => inspectionOf({ format: 'QCOW2', findings: codes.map(finding) });
const before = found('GUESTOS.Dhcp');
const now = found('GUESTOS.Grub');

/** The plan of a compressed file, whose disk is converted. */
async function plan() {
  const path = join(folder, 'disk.raw.gz');
  await writeFile(path, 'compressed');
  const file = await openLocalFile(path);
  await file.close();
  const container = containerOf(inspectionOf({ format: 'GZIP', virtualSize: null, fileSize: 10 }));
  const inspected = { version: file.version, container };
  return { ...diskOf(1, { kind: 'file', path }, file.size), conversion: 'converted' as const, inspected };
}

function worker(record: ReturnType<typeof sharedRecord>, options: Partial<WorkerOptions> = {}) {
  return uploadWorker({ endpoint: bucket.endpoint, shared: record, inspection: now, ...options });
}

async function convert() {
  const path = join(folder, 'converted');
  await writeFile(path, 'converted');
  return { file: { path, release: async () => undefined }, inspection: before };
}

/** An import by a version of this program, then one of the same file by this version. */
async function twoImports(readBy: string | undefined) {
  const record = sharedRecord();
  const disk = await plan();
  await worker(record, { convert }).upload([{ plan: disk }]);
  const first = (await record.uploads.get(0))?.inspection;
  expect(first).toEqual({ ...before, readBy: programVersion() });
  await record.uploads.noteInspection(0, readBy === undefined ? before : { ...before, readBy });
  const second = worker(record, { importId: 'imp-2', convert: () => Promise.reject(new Error('converted again')) });
  return { record, disk, second };
}

const codesOf = ({ findings }: ReturnType<typeof worker>) =>
  findings.map(({ code }) => code).filter((code) => !code.startsWith('ECSIMPORT.'));

test.each(['0.0.9', undefined])(
  'an object that version %s inspected → inspected again, once, and judged by the new result',
  async (readBy) => {
    const { record, disk, second } = await twoImports(readBy);
    await second.upload([{ plan: disk }]);
    expect(codesOf(second)).toEqual(['GUESTOS.Grub']);
    expect(second.inspected).toEqual([expect.stringMatching(/^oss:/)]);
    expect((await record.uploads.get(0))?.inspection).toEqual({ ...now, readBy: programVersion() });
    const third = worker(record, { importId: 'imp-3' });
    await third.upload([{ plan: disk }]);
    expect(third.inspected).toEqual([]);
    expect(codesOf(third)).toEqual(['GUESTOS.Grub']);
  },
);

test.each([programVersion(), '999.0.0'])('an object that version %s inspected → its result applies', async (readBy) => {
  const { disk, second } = await twoImports(readBy);
  await second.upload([{ plan: disk }]);
  expect(second.inspected).toEqual([]);
  expect(codesOf(second)).toEqual(['GUESTOS.Dhcp']);
});

test('an object of an earlier version that cannot be read → a warning instead of the earlier result', async () => {
  const { disk, second } = await twoImports('0.0.9');
  const heads = () => bucket.requests.filter(({ method }) => method === 'HEAD').length;
  const known = heads();
  // The first one checks that the object exists, the second one opens it for the inspection.
  bucket.fault = ({ method }) =>
    method === 'HEAD' && heads() > known + 1 ? { kind: 'refuse', status: 403, code: 'AccessDenied' } : undefined;
  await second.upload([{ plan: disk }]);
  expect(second.inspected).toEqual([]);
  const warnings = second.findings.filter(({ severity }) => severity !== 'info');
  expect(warnings).toMatchObject([
    { code: 'ECSIMPORT.GuestNotRead', evidence: expect.stringMatching('cannot be read') },
  ]);
});

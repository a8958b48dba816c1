import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startEmulator } from '../../emulator/index.js';
import { certificateIn } from '../../emulator/tls-certificate.js';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'ecs-image-import-test-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function status(url: string, options: https.RequestOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = https.get(`${url}/_emulator/state`, { agent: false, ...options }, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    });
    request.on('error', reject);
  });
}

test('serves HTTPS to clients that trust its certificate, and to no others', async () => {
  const emulator = await startEmulator({ tls: true, data: folder });
  try {
    expect(emulator.url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
    const ca = readFileSync(emulator.certificate ?? '', 'utf8');
    expect(await status(emulator.url, { ca })).toBe(200);
    for (const servername of ['localhost', 'ecs.cn-hangzhou.aliyuncs.com', 'images.oss-cn-beijing.aliyuncs.com']) {
      expect(await status(emulator.url, { ca, servername })).toBe(200);
    }
    await expect(status(emulator.url, { ca, servername: 'example.com' })).rejects.toThrow('altnames');
    await expect(status(emulator.url, {})).rejects.toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
  } finally {
    await emulator.stop();
  }
});

test('keeps its certificate over restarts; replaces one that expires, that is for another host, or that is damaged', () => {
  const first = certificateIn(folder, '127.0.0.1');
  expect(statSync(path.join(folder, 'tls', 'key.pem')).mode & 0o777).toBe(0o600);
  expect(certificateIn(folder, '127.0.0.1')).toEqual(first);
  const other = certificateIn(folder, 'cloud.test');
  expect(other.cert).not.toBe(first.cert);
  const later = certificateIn(folder, 'cloud.test', Date.now() + 825 * 86_400_000);
  expect(later.cert).not.toBe(other.cert);
  writeFileSync(later.path, later.cert.slice(0, 200));
  expect(certificateIn(folder, 'cloud.test', Date.now()).cert).toMatch(/END CERTIFICATE/);
});

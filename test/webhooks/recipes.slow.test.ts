/** The recipes of docs/webhooks.md run as they are written there. */
import { type ChildProcess, spawn } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { portPicker } from '../../local/supervisor/ports.js';
import { newSecret, signedHeaders } from '../../webhooks/sign.js';
import { createWebhookTargets, type WebhookTargets } from '../../webhooks/target.js';

const ATTENTION = {
  code: 'QuotaExceed.Image',
  message: 'the image quota is used up',
  remedy: 'Request a higher quota.',
};
const PAYLOAD = JSON.stringify({
  type: 'import.attention',
  data: { id: 'imp-1', imageName: 'web-01\nBcc: all@example.com', attention: ATTENTION },
});

let folder: string;
let child: ChildProcess | null = null;
let targets: WebhookTargets;
const secret = newSecret();

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'webhook-recipe-'));
  await symlink(path.resolve('node_modules'), path.join(folder, 'node_modules'));
  targets = createWebhookTargets({ hosts: [], addresses: ['127.0.0.1'] });
});
afterEach(async () => {
  child?.kill('SIGKILL');
  targets.close();
  await rm(folder, { recursive: true, force: true });
});

/** Starts the code block of the page that begins with `// NAME`. @returns its URL */
async function start(name: string, env: Readonly<Record<string, string>>): Promise<string> {
  const page = await readFile('docs/webhooks.md', 'utf8');
  const code = [...page.matchAll(/```js\n(.*?)```/gs)]
    .map(([, block = '']) => block)
    .find((block) => block.startsWith(`// ${name}`));
  await writeFile(path.join(folder, name), code ?? '');
  const port = String(await portPicker()());
  child = spawn(process.execPath, [path.join(folder, name)], {
    env: { PATH: process.env.PATH, WEBHOOK_SECRET: secret, PORT: port, ...env },
    stdio: 'inherit',
  });
  return `http://127.0.0.1:${port}/`;
}

/** Until the receiver listens. */
async function deliver(url: string, headers = signedHeaders([secret], 'msg_1', Date.now(), PAYLOAD)) {
  for (;;) {
    const answer = await targets.post(url, headers, PAYLOAD);
    if (answer.status !== null) return answer.status;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

test('Slack: an event is posted once; a forged one is rejected; a failure of Slack is passed on', async () => {
  const posted: string[] = [];
  const slack = http.createServer(async (request, response) => {
    let text = '';
    for await (const piece of request) text += String(piece);
    posted.push(JSON.parse(text).text);
    response.writeHead(posted.length === 1 ? 500 : 200).end();
  });
  await new Promise<void>((resolve) => slack.listen(0, '127.0.0.1', resolve));
  const url = await start('slack.mjs', { SLACK_URL: `http://127.0.0.1:${(slack.address() as AddressInfo).port}` });
  const forged = signedHeaders([newSecret()], 'msg_2', Date.now(), PAYLOAD);
  expect(await deliver(url, forged)).toBe(401);
  expect(await deliver(url)).toBe(502);
  expect(await deliver(url)).toBe(204);
  expect(await deliver(url)).toBe(204);
  expect(posted).toHaveLength(2);
  expect(posted[1]).toContain('*import.attention* web-01');
  expect(posted[1]).toContain(ATTENTION.remedy);
  slack.close();
});

test('E-mail: an event is sent once, and a line break in a name adds no header; a forged one is rejected', async () => {
  const sendmail = path.join(folder, 'sendmail');
  const mails = path.join(folder, 'mails');
  await writeFile(sendmail, `#!/bin/sh\ncat >> ${mails}\n`);
  await chmod(sendmail, 0o755);
  const url = await start('mail.mjs', { SENDMAIL: sendmail, MAIL_TO: 'imports@example.com' });
  expect(await deliver(url, signedHeaders([newSecret()], 'msg_2', Date.now(), PAYLOAD))).toBe(401);
  expect(await deliver(url)).toBe(204);
  expect(await deliver(url)).toBe(204);
  const [head = '', ...body] = (await readFile(mails, 'utf8')).split('\n\n');
  expect(head.split('\n')).toEqual([
    'To: imports@example.com',
    'Subject: import.attention: web-01 Bcc: all@example.com',
    'Content-Type: text/plain; charset=utf-8',
  ]);
  expect(body).toEqual(['imp-1', ATTENTION.message, `${ATTENTION.remedy}\n`]);
});

/** One delivery: what a receiver can verify, and which addresses and answers are refused. */
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook, WebhookVerificationError } from 'standardwebhooks';
import { afterEach, describe, expect, test } from 'vitest';
import { newSecret, signedHeaders } from '../../webhooks/sign.js';
import { createWebhookTargets, type TargetSettings } from '../../webhooks/target.js';

const LOOPBACK = { hosts: [], addresses: ['127.0.0.1'] };
const PAYLOAD = '{"type":"import.failed","data":{"imageName":"wéb-01"}}';
const opened: { close(): unknown }[] = [];

afterEach(() => {
  for (const one of opened.splice(0)) one.close();
});

function targets(settings: Partial<TargetSettings> = {}) {
  const made = createWebhookTargets({ ...LOOPBACK, ...settings });
  opened.push(made);
  return made;
}

type Handler = (body: string, request: http.IncomingMessage, response: http.ServerResponse) => void;

async function receiver(handle: Handler): Promise<string> {
  const server = http.createServer(async (request, response) => {
    let body = '';
    for await (const piece of request) body += String(piece);
    handle(body, request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  opened.push({
    close() {
      server.close();
      server.closeAllConnections();
    },
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?token=1`;
}

const answering = (status: number, headers: http.OutgoingHttpHeaders = {}, text = '') =>
  receiver((_body, _request, response) => response.writeHead(status, headers).end(text));

describe('a receiver with the library of Standard Webhooks', () => {
  const secret = newSecret();
  const headers = (atMs = Date.now(), secrets = [secret]) => signedHeaders(secrets, 'msg_1_whk_1', atMs, PAYLOAD);

  test('gets a POST whose signature it verifies', async () => {
    let seen: unknown;
    let method: string | undefined;
    const url = await receiver((body, request, response) => {
      method = request.method;
      seen = new Webhook(secret).verify(body, request.headers as Record<string, string>);
      response.writeHead(204).end();
    });
    const answer = await targets().post(url, headers(), PAYLOAD);
    expect(answer).toEqual({ status: 204, error: null, answer: '', retryAfterMs: null });
    expect({ method, seen }).toEqual({ method: 'POST', seen: JSON.parse(PAYLOAD) });
  });

  test('accepts the new and the previous secret during a rotation, and no other', () => {
    const [next, other] = [newSecret(), newSecret()];
    const both = headers(Date.now(), [next, secret]);
    for (const known of [next, secret]) expect(new Webhook(known).verify(PAYLOAD, both)).toEqual(JSON.parse(PAYLOAD));
    expect(() => new Webhook(other).verify(PAYLOAD, both)).toThrow(WebhookVerificationError);
  });

  test.each([
    ['a changed body', PAYLOAD.replace('failed', 'succeeded'), headers()],
    ['another id', PAYLOAD, { ...headers(), 'webhook-id': 'msg_2_whk_1' }],
    ['a replay after an hour', PAYLOAD, headers(Date.now() - 3_600_000)],
    [
      'a replay with a new time',
      PAYLOAD,
      { ...headers(Date.now() - 3_600_000), 'webhook-timestamp': headers()['webhook-timestamp'] },
    ],
  ])('rejects %s', (_what, body, sent) => {
    expect(() => new Webhook(secret).verify(body, sent)).toThrow(WebhookVerificationError);
  });
});

describe('an attempt fails, without following or reading more, if the target', () => {
  test.each([
    [500, 'the target answers with status 500'],
    [404, 'the target answers with status 404'],
    [410, 'the target answers with status 410'],
  ])('answers with status %i', async (status, error) => {
    const answer = await targets().post(await answering(status, {}, 'why\n\u001b[31mred'), {}, PAYLOAD);
    expect(answer).toMatchObject({ status, error, answer: 'why \\u001b[31mred' });
  });

  test('redirects', async () => {
    let wasFollowed = false;
    const other = await receiver((_body, _request, response) => {
      wasFollowed = true;
      response.end();
    });
    const answer = await targets().post(await answering(307, { location: other }), {}, PAYLOAD);
    expect(answer.error).toBe(
      `the target redirects to ${new URL(other).origin}, which is not followed: change the URL`,
    );
    expect(wasFollowed).toBe(false);
  });

  test.each([
    ['never answers', () => undefined],
    [
      'sends a byte of the answer now and then',
      (_body, _request, response) => void setInterval(() => response.write('.'), 20).unref(),
    ],
  ] as const satisfies readonly (readonly [string, Handler])[])('%s', async (_what, handle) => {
    const answer = await targets({ timeoutMs: 150 }).post(await receiver(handle), {}, PAYLOAD);
    expect(answer).toMatchObject({ status: null, error: 'no complete answer within 0.15 s' });
  });

  test('closes the connection', async () => {
    const answer = await targets().post(await receiver((_body, request) => request.socket.destroy()), {}, PAYLOAD);
    expect(answer).toMatchObject({ status: null, error: 'ECONNRESET: socket hang up' });
  });

  test('answers with gigabytes → the first bytes are read, and the connection is closed', async () => {
    let sent = 0;
    let closed: () => void = () => undefined;
    const isClosed = new Promise<void>((resolve) => {
      closed = resolve;
    });
    const url = await receiver((_body, request, response) => {
      const write = () => {
        while (response.write('x'.repeat(65_536))) sent += 65_536;
      };
      response.on('drain', write);
      request.socket.on('close', closed);
      response.writeHead(200);
      write();
    });
    const answer = await targets().post(url, {}, PAYLOAD);
    await isClosed;
    expect(answer).toMatchObject({ status: 200, error: null });
    expect(answer.answer).toHaveLength(300);
    expect(sent).toBeLessThan(16 * 1024 * 1024);
  });
});

describe('nothing is sent to', () => {
  test.each([
    ['loopback that is not allowed', 'https://127.0.0.1/', [], 'webhooks must not be sent to 127.0.0.1 (loopback)'],
    ['loopback in other notation', 'https://0x7f000001/', [], 'webhooks must not be sent to 127.0.0.1 (loopback)'],
    [
      'loopback inside an IPv6 address',
      'https://[::ffff:127.0.0.1]/',
      [],
      'webhooks must not be sent to ::ffff:7f00:1 (loopback)',
    ],
    ['a private network', 'https://10.0.0.1/', [], 'webhooks must not be sent to 10.0.0.1 (a private network)'],
    [
      'a metadata service',
      'https://100.100.100.200/',
      ['127.0.0.1'],
      'webhooks must not be sent to 100.100.100.200 (the metadata service of Alibaba Cloud)',
    ],
    [
      'the Internet without TLS',
      'http://93.184.215.14/',
      ['127.0.0.1'],
      '93.184.215.14 is on the Internet, so that the URL must begin with https://',
    ],
    ['a URL with a password', 'https://user:secret@example.com/', [], 'the URL contains a user name or password'],
    [
      'a URL with a line break, which a parser removes',
      'https://example.com/a\nb',
      [],
      'the URL contains spaces, line breaks or control characters',
    ],
    ['another scheme', 'file:///etc/passwd', [], 'the URL does not begin with https://'],
  ])('%s', async (_what, url, addresses, error) => {
    const made = targets({ addresses });
    expect(made.refusal(url)).toBe(error);
    expect(await made.post(url, {}, PAYLOAD)).toMatchObject({ status: null, error });
  });

  test('a name that resolves to loopback, which is checked when it is connected to', async () => {
    const made = targets({ addresses: [] });
    expect(made.refusal('https://localhost:1/')).toBeNull();
    const answer = await made.post('https://localhost:1/', {}, PAYLOAD);
    expect(answer.error).toMatch(/^webhooks must not be sent to localhost, which is (127\.0\.0\.1|::1) \(loopback\)$/);
  });

  test('a host that is not in the list of hosts', () => {
    const made = targets({ hosts: ['*.example.com'] });
    expect(made.refusal('https://hooks.example.com/')).toBeNull();
    expect(made.refusal('https://example.org/')).toBe(
      'webhooks must not be sent to example.org (allowed: *.example.com)',
    );
  });
});

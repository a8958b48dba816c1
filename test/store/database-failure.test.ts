/** What PostgreSQL or the connection to it reports has a code of its own, names PostgreSQL, and is retried. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { openPool } from '../../store/database.js';
import { databaseFailure } from '../../store/database-failure.js';
import { transaction } from '../../store/transaction.js';

const error = (code: string) => Object.assign(new Error('could not extend file: No space left on device'), { code });

test.each([
  ['53100', 'Database.DiskFull'],
  ['58030', 'Database.DiskError'],
  ['53200', 'Database.OutOfResources'],
  ['53300', 'Database.OutOfResources'],
  ['57P01', 'Database.Unavailable'],
  ['57P02', 'Database.Unavailable'],
  ['57P03', 'Database.Unavailable'],
  ['57014', 'Database.Unavailable'],
  ['08006', 'Database.Unavailable'],
  ['28P01', 'Database.Unavailable'],
  ['25006', 'Database.Unavailable'],
  ['40P01', 'Database.Unavailable'],
])('SQLSTATE %s → %s', (state, code) => {
  expect(databaseFailure(error(state))?.failure).toMatchObject({
    ...{ code, class: 'transient' },
    message: expect.stringMatching(/^PostgreSQL.*could not extend file/),
  });
});

test.each(['23505', 'ECONNREFUSED', 'ECONNRESET', '08'])('%s of another origin → no failure of PostgreSQL', (state) => {
  expect(databaseFailure(error(state))).toBeNull();
});

describe('a connection', () => {
  let server: Server | null = null;
  const sockets = new Set<Socket>();
  afterEach(() => {
    for (const socket of sockets) socket.destroy();
    server?.close();
  });

  /** AuthenticationOk and ReadyForQuery. */
  const READY = Buffer.from('5200000008000000005a0000000549', 'hex');

  /** CommandComplete and ReadyForQuery. */
  const IS_DONE = Buffer.concat([Buffer.from('430000000d53454c454354203100', 'hex'), READY.subarray(9)]);

  /** @param act what the server does with the messages of a connection, counted from 1: the first one starts the session */
  async function serverThat(act: (socket: Socket, message: number) => unknown): Promise<string> {
    const started = createServer((socket) => {
      let messages = 0;
      sockets.add(socket.on('error', () => undefined).on('data', () => act(socket, ++messages)));
    }).listen(0, '127.0.0.1');
    server = started;
    await once(started, 'listening');
    return `postgres://user@127.0.0.1:${(started.address() as AddressInfo).port}/database`;
  }

  async function failureOf(url: string, how: 'statement' | 'transaction') {
    const pool = openPool({ url, applicationName: 'test', queryTimeoutMs: 50 });
    try {
      const run = how === 'statement' ? pool.query('select $1', [1]) : transaction(pool, async () => undefined);
      return databaseFailure(await run.catch((reason: unknown) => reason))?.failure;
    } finally {
      await pool.end();
    }
  }

  describe.each(['statement', 'transaction'] as const)('for a %s', (how) => {
    test.each([
      ['that is refused', 'ECONNREFUSED', null],
      ['that is closed at its start', 'onnect', (socket: Socket) => socket.destroy()],
      ['that is reset', 'ECONNRESET', (socket: Socket) => socket.resetAndDestroy()],
      [
        'that ends during the statement',
        'Connection terminated',
        (socket: Socket, message: number) => (message === 1 ? socket.write(READY) : socket.end()),
      ],
      [
        'that does not answer the statement',
        'Query read timeout',
        (socket: Socket, message: number) => message === 1 && socket.write(READY),
      ],
    ] as const)('%s → Database.Unavailable', async (_what, text, act) => {
      const url = await serverThat(act ?? (() => undefined));
      if (act === null) await new Promise((closed) => server?.close(closed));
      expect(await failureOf(url, how)).toMatchObject({
        ...{ code: 'Database.Unavailable', class: 'transient' },
        message: expect.stringMatching(new RegExp(`^PostgreSQL is not available: .*${text}`)),
      });
    });
  });

  test('with a value that cannot be sent → a defect, no failure of PostgreSQL', async () => {
    const pool = openPool({
      url: await serverThat((socket, message) => socket.write(message === 1 ? READY : IS_DONE)),
      ...{ applicationName: 'test', queryTimeoutMs: 500 },
    });
    const circular: { self?: unknown } = {};
    circular.self = circular;
    const reason: unknown = await pool.query('select $1', [circular]).catch((thrown: unknown) => thrown);
    expect(reason).toBeInstanceOf(TypeError);
    expect(databaseFailure(reason)).toBeNull();
    for (const socket of sockets) socket.destroy();
    await pool.end();
  });
});

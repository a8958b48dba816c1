/** The keys of payloads: the first one encrypts, all of them decrypt. Read again when a payload names an unknown key. */
import { createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type GivenKey, type PayloadKeySource, readPayloadKeys } from '../config/payload-keys.js';

export interface PayloadKey {
  readonly id: string;
  readonly secret: KeyObject;
  /** Of the secret; tells two keys with the same ID apart. Not secret. */
  readonly fingerprint: string;
}

export interface Keyring {
  /** Encrypts. */
  current(): PayloadKey;
  /** Reads the source again if it can change and does not have the key. Null: it is missing. */
  find(id: string): Promise<PayloadKey | null>;
  ids(): readonly string[];
  /** From now on, a key encrypts only after `announce` has resolved for it; rejects if it does not for the current one. */
  announceTo(announce: (key: PayloadKey) => Promise<void>): Promise<void>;
  /** Reads the source again, at most once in a second (a command: in half a minute). Never rejects. */
  refresh(): Promise<void>;
}

const FILE_AT_MOST_EVERY_MS = 1_000;
const COMMAND_AT_MOST_EVERY_MS = 30_000;

/** Throws `ConfigError`. @param onProblem called with one line when the keys cannot be read again; the old ones stay in use */
export async function openKeyring(
  source: PayloadKeySource,
  onProblem: (problem: string) => void = () => undefined,
  everyMs = source.kind === 'command' ? COMMAND_AT_MOST_EVERY_MS : FILE_AT_MOST_EVERY_MS,
): Promise<Keyring> {
  let announce: (key: PayloadKey) => Promise<void> = async () => undefined;
  let { keys, first } = keysOf(await readPayloadKeys(source));
  let current = first;
  let readAt = Date.now();
  let reading: Promise<void> | null = null;

  async function readAgain(): Promise<void> {
    await sleep(Math.max(0, readAt + everyMs - Date.now()));
    try {
      ({ keys, first } = keysOf(await readPayloadKeys(source)));
      if (first.id !== current.id || first.fingerprint !== current.fingerprint) await announce(first);
      current = first;
    } catch (error) {
      onProblem(`${error instanceof Error ? error.message : error}. Key ${current.id} still encrypts`);
    } finally {
      readAt = Date.now();
      reading = null;
    }
  }

  async function refresh(): Promise<void> {
    if (source.kind === 'text') return;
    reading ??= readAgain();
    await reading;
  }

  return {
    current: () => current,
    async find(id) {
      if (!keys.has(id)) await refresh();
      return keys.get(id) ?? null;
    },
    ids: () => [...keys.keys()],
    async announceTo(register) {
      await register(current);
      announce = register;
    },
    refresh,
  };
}

function keysOf(given: readonly GivenKey[]) {
  const keys = given.map(({ id, bytes }) => ({
    id,
    secret: createSecretKey(bytes),
    fingerprint: fingerprintOf(bytes),
  }));
  const [first] = keys;
  if (first === undefined) throw new Error('there is no payload key');
  return { keys: new Map(keys.map((key) => [key.id, key])), first };
}

function fingerprintOf(bytes: Buffer): string {
  return Buffer.from(hkdfSync('sha256', bytes, '', 'ecs-image-import payload key fingerprint', 8)).toString('hex');
}

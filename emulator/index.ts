/** The package's entry `./emulator`: the local stand-in for ECS, RAM, STS and OSS, within this process. */
import { listen } from './server.js';
import type { Settings } from './settings.js';
import { certificateIn } from './tls-certificate.js';
import { World, type WorldOptions } from './world.js';

export type { DetectionItemSetting, ImportFailure, RateLimit, Settings } from './settings.js';

export interface EmulatorOptions extends WorldOptions {
  /** Default 0: a free one. */
  readonly port?: number;
  /** Address to listen on. Default `127.0.0.1`. */
  readonly host?: string;
  /** Serves HTTPS with a certificate of its own. */
  readonly tls?: boolean;
}

export interface Emulator {
  /** `http://127.0.0.1:PORT`, or https: the endpoint of all four services, and the base of the control API. */
  readonly url: string;
  /** The file of the certificate, which clients must trust; null without `tls`. */
  readonly certificate: string | null;
  /** As `POST /_emulator/settings`; returns all settings. */
  readonly changeSettings: (change: Partial<Settings>) => Settings;
  /** Stops it; data in a temporary folder is removed. */
  readonly stop: () => Promise<void>;
}

/** Resolves when it listens. Rejects with the system's error if the port or the data folder cannot be used. */
export async function startEmulator({
  port = 0,
  host = '127.0.0.1',
  tls = false,
  ...options
}: EmulatorOptions = {}): Promise<Emulator> {
  const world = new World(options);
  try {
    const certificate = tls ? certificateIn(world.folder, host) : undefined;
    const server = await listen(world, { host, port, tls: certificate });
    return {
      url: server.url,
      certificate: certificate?.path ?? null,
      changeSettings: (change) => world.changeSettings(change),
      async stop() {
        await server.close();
        world.close();
      },
    };
  } catch (error) {
    world.close();
    throw error;
  }
}

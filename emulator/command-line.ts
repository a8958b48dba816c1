/** The emulator's options, read from the command line. */
import { parseArgs } from 'node:util';
import type { WorldOptions } from './world.js';

export const usage = `Usage: emulator [options]

Emulates Alibaba Cloud on this machine: ECS, RAM, STS and OSS on one port.

Options:
  --port N                port to listen on (default: a free one)
  --host ADDRESS          address to listen on (default: 127.0.0.1)
  --data DIR              folder for all state (default: a temporary folder, removed on exit)
  --bucket NAME@REGION    create this bucket at startup; can be repeated
  --account ID            add an account with the access key emulator-ID:emulator-secret; can be repeated
  --access-key ID:SECRET  add an access key of the account to emulator:emulator-secret; can be repeated
  --tls                   serve HTTPS, with a certificate of its own; prints the line \`certificate PATH\`
  --help                  print this text

The emulator prints \`ready http://ADDRESS:PORT\` when it accepts requests. Set this address in clients, or set ECS_ENDPOINT,
RAM_ENDPOINT, STS_ENDPOINT and OSS_ENDPOINT. With --tls, start Node.js clients with NODE_EXTRA_CA_CERTS=PATH.
`;

export interface CommandLine {
  readonly help: boolean;
  readonly port: number;
  readonly host: string;
  readonly tls: boolean;
  readonly world: WorldOptions;
}

/** Throws an error of one line that names the invalid option and the values it accepts. */
export function readCommandLine(args: readonly string[]): CommandLine {
  const { values } = parseArgs({
    args: [...args],
    options: {
      port: { type: 'string' },
      host: { type: 'string' },
      data: { type: 'string' },
      bucket: { type: 'string', multiple: true },
      account: { type: 'string', multiple: true },
      'access-key': { type: 'string', multiple: true },
      tls: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  return {
    help: values.help ?? false,
    port: values.port === undefined ? 0 : portOf(values.port),
    host: values.host ?? '127.0.0.1',
    tls: values.tls ?? false,
    world: {
      ...(values.data === undefined ? {} : { data: values.data }),
      buckets: (values.bucket ?? []).map(bucketOf),
      accounts: (values.account ?? []).map((id) => ({ id })),
      accessKeys: (values['access-key'] ?? []).map(keyOf),
    },
  };
}

function portOf(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) throw new Error(`--port must be 0 to 65535, not "${text}"`);
  return port;
}

function bucketOf(text: string): NonNullable<WorldOptions['buckets']>[number] {
  const [, name, region, versioned] = /^([^@]+)@([a-z0-9-]+)(:versioned)?$/.exec(text) ?? [];
  if (name === undefined || region === undefined) {
    throw new Error(`--bucket must be NAME@REGION, such as images@cn-hangzhou, not "${text}"`);
  }
  if (!/^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/.test(name)) {
    const rule = '3 to 63 lower-case letters, digits and hyphens, with a letter or digit at both ends';
    throw new Error(`--bucket "${text}": the name of a bucket must be ${rule}, such as images@cn-hangzhou`);
  }
  return { name, region, ...(versioned === undefined ? {} : { isVersioned: true }) };
}

function keyOf(text: string): { readonly id: string; readonly secret: string } {
  const at = text.indexOf(':');
  // The message omits the value, because it may contain a secret.
  if (at < 1 || at === text.length - 1) throw new Error('--access-key must be ID:SECRET');
  return { id: text.slice(0, at), secret: text.slice(at + 1) };
}

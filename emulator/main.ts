/** Runs the emulator as a process: `node main.js --port N --data DIR --bucket NAME@REGION --access-key ID:SECRET`. */
import { readCommandLine, usage } from './command-line.js';
import { listen } from './server.js';
import { certificateIn } from './tls-certificate.js';
import { World } from './world.js';

const EXIT_USAGE = 2;

async function main(args: readonly string[]): Promise<number> {
  let options: ReturnType<typeof readCommandLine>;
  try {
    options = readCommandLine(args);
  } catch (error) {
    return failWith(EXIT_USAGE, `${messageOf(error)}; run with --help for the options`);
  }
  if (options.help) {
    process.stdout.write(usage);
    return 0;
  }
  let world: World;
  try {
    world = new World(options.world);
  } catch (error) {
    return failWith(EXIT_USAGE, `cannot use ${options.world.data ?? 'a temporary folder'}: ${messageOf(error)}`);
  }
  try {
    const tls = options.tls ? certificateIn(world.folder, options.host) : undefined;
    const server = await listen(world, { ...options, tls });
    const stopped = stopSignal();
    if (tls !== undefined) process.stdout.write(`certificate ${tls.path}\n`);
    process.stdout.write(`ready ${server.url}\n`);
    await stopped;
    await server.close();
    return 0;
  } catch (error) {
    return failWith(EXIT_USAGE, listenProblem(error, options));
  } finally {
    world.close();
  }
}

function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => resolve());
  });
}

function listenProblem(error: unknown, { host, port }: { readonly host: string; readonly port: number }): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'EADDRINUSE') return `port ${port} of ${host} is in use; set another port with --port`;
  if (code === 'EACCES') return `no permission to listen on port ${port} of ${host}; set a port above 1023 with --port`;
  return `cannot listen on ${host}:${port}: ${messageOf(error)}`;
}

function failWith(exitCode: number, message: string): number {
  process.stderr.write(`emulator: ${message.split('\n')[0]}\n`);
  return exitCode;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

process.exitCode = await main(process.argv.slice(2));

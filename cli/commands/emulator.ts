/** `emulator`: runs the emulator of Alibaba Cloud as a separate process. */
import { spawn } from 'node:child_process';
import type { Command } from 'commander';
import { CommandError, EXIT } from '../exit.js';
import { emulatorProgram } from '../programs.js';

export function addEmulator(program: Command): void {
  program
    .command('emulator')
    .description(
      'run an emulator of ECS, RAM, STS and OSS for tests (--port, --data, --bucket NAME@REGION, --access-key ID:SECRET, --tls)',
    )
    .allowUnknownOption()
    .allowExcessArguments()
    .helpOption(false)
    .argument('[options...]', 'options of the emulator')
    .action(async (options: readonly string[]) => emulator(options));
}

async function emulator(options: readonly string[]): Promise<void> {
  const [file, ...args] = emulatorProgram();
  const child = spawn(file, [...args, ...options], { stdio: 'inherit' });
  // A terminal sends Ctrl-C to both processes. A signal to this process alone is forwarded.
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => child.kill(name));
  const code = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (status) => resolve(status ?? EXIT.failed));
  });
  if (code === EXIT.done) return;
  throw new CommandError(code === EXIT.usage ? EXIT.usage : EXIT.failed, []);
}

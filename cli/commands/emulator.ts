/** `emulator`: the local stand-in for Alibaba Cloud, as a process of its own. */
import { spawn } from 'node:child_process';
import type { Command } from 'commander';
import { CommandError, EXIT } from '../exit.js';
import { emulatorProgram } from '../programs.js';

export function addEmulator(program: Command): void {
  program
    .command('emulator')
    .description(
      'run the emulator of ECS, RAM, STS and OSS (--port, --data, --bucket NAME@REGION, --access-key ID:SECRET)',
    )
    .allowUnknownOption()
    .allowExcessArguments()
    .helpOption(false)
    .argument('[options...]', 'passed on to the emulator as they are')
    .action(async (passedOn: readonly string[]) => emulator(passedOn));
}

async function emulator(passedOn: readonly string[]): Promise<void> {
  const [file, ...args] = emulatorProgram();
  const child = spawn(file, [...args, ...passedOn], { stdio: 'inherit' });
  // A terminal sends Ctrl-C to both; a signal sent to this process alone is handed on.
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => child.kill(name));
  const code = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (status) => resolve(status ?? EXIT.failed));
  });
  if (code === EXIT.done) return;
  throw new CommandError(code === EXIT.usage ? EXIT.usage : EXIT.failed, []);
}

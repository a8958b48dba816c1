/** Ends the parts when the supervisor is killed: a shell that waits until its stdin is closed. */
import { type ChildProcess, spawn } from 'node:child_process';

export interface Watched {
  readonly pid: number;
  readonly stopSignal: NodeJS.Signals;
}

/**
 * Each input line replaces the list of `SIGNAL:pid`. The operating system closes the input however the supervisor ends.
 * The script then signals the processes in order, and kills the groups of those that still run after 20 s.
 */
const SCRIPT = `
list=
while IFS= read -r line; do list=$line; done
for entry in $list; do kill -s "\${entry%%:*}" "\${entry##*:}" 2>/dev/null; done
tries=0
while [ $tries -lt 200 ]; do
  alive=
  for entry in $list; do kill -0 "\${entry##*:}" 2>/dev/null && alive=yes; done
  [ -z "$alive" ] && exit 0
  sleep 0.1
  tries=$((tries + 1))
done
for entry in $list; do kill -s KILL -- "-\${entry##*:}" 2>/dev/null; done
`;

export class Watchdog {
  private shell: ChildProcess | null = null;
  private list: readonly Watched[] = [];
  private closed = false;

  watch(list: readonly Watched[]): void {
    this.list = list;
    this.sendList();
  }

  close(): void {
    this.watch([]);
    this.closed = true;
    this.shell?.stdin?.end();
    this.shell = null;
  }

  private sendList(): void {
    if (this.closed) return;
    this.shell ??= this.start();
    // POSIX `kill -s` takes names without the prefix SIG.
    const line = this.list.map(({ pid, stopSignal }) => `${stopSignal.replace('SIG', '')}:${pid}`).join(' ');
    this.shell.stdin?.write(`${line}\n`);
  }

  private start(): ChildProcess {
    const shell = spawn('/bin/sh', ['-c', SCRIPT, 'ecs-image-import-watchdog'], {
      detached: true,
      cwd: '/',
      env: { PATH: process.env.PATH },
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    shell.unref();
    shell.stdin?.on('error', () => undefined);
    const restart = () => {
      if (this.shell !== shell) return;
      this.shell = null;
      if (this.list.length > 0) setTimeout(() => this.sendList(), 500).unref();
    };
    shell.once('error', restart);
    shell.once('exit', restart);
    return shell;
  }
}

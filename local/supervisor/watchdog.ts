/** Ends the parts when the supervisor itself is killed: a shell that waits for its input to close. */
import { type ChildProcess, spawn } from 'node:child_process';

/** What must go, in this order. */
export interface Watched {
  readonly pid: number;
  readonly stopSignal: NodeJS.Signals;
}

/**
 * Each line of input replaces the list of `SIGNAL:pid`. At its end, which the operating system brings about however the
 * supervisor dies, the last list is told to stop; what is left after 20 s is killed with its group.
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
    this.tell();
  }

  close(): void {
    this.watch([]);
    this.closed = true;
    this.shell?.stdin?.end();
    this.shell = null;
  }

  private tell(): void {
    if (this.closed) return;
    this.shell ??= this.start();
    // SIGTERM is TERM to the shell's kill.
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
    const replace = () => {
      if (this.shell !== shell) return;
      this.shell = null;
      if (this.list.length > 0) setTimeout(() => this.tell(), 500).unref();
    };
    shell.once('error', replace);
    shell.once('exit', replace);
    return shell;
  }
}

/**
 * The boot check: starts an image in QEMU from a throw-away overlay, with virtio disk and network, and waits for a login
 * prompt or for what tells that none will come. The guest reaches no network and no file of the host.
 */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import {
  chownSync,
  closeSync,
  copyFileSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Finding, Severity } from '../../domain/import.js';
import { unlessUnreadable } from '../findings.js';
import type { Inspection } from '../inspection.js';
import { orSourceFailure } from '../source-file.js';
import { type ConsoleLog, consoleLog } from './console-log.js';
import { DRIVERS, findTools, type MachinePlan, machineArguments, type Tools } from './machine.js';
import { openQmp, type Qmp } from './qmp.js';
import { isTextMode, type Picture, parsePpm, png, screenText, TEXT_SCREEN } from './screen.js';
import { consoleText, findSign, type Seen, type Sign } from './signs.js';

export interface BootCheckOptions {
  readonly signal?: AbortSignal;
  /** How long the guest may take to show a sign. Default 300 000; Windows takes much longer without KVM. */
  readonly timeLimitMs?: number;
  /** The guest's memory in MiB. Default 1024, for Windows 2048. */
  readonly memoryMiB?: number;
  /** What the guest may write to its disk. Default 2 GiB. */
  readonly writeLimitBytes?: number;
}

export interface BootCheck {
  /** `ended`: it switched off or restarted itself. `undecided`: no sign in time. `not-run`: it could not be started. */
  readonly outcome: Sign | 'ended' | 'undecided' | 'not-run';
  readonly seconds: number;
  readonly finding: Finding;
  /** What the serial console said; null where nothing ran. */
  readonly log: Buffer | null;
  /** The last picture of the screen as PNG. */
  readonly screenshot: Buffer | null;
}

const NOBODY = 65_534;
const LOOK_EVERY_MS = 500;
/** The screen is looked at less often than the console: QEMU draws it whole each time. */
const SCREEN_EVERY = 4;
/** After a sign, until the rest of its message is written. */
const SETTLE_MS = 1_000;
const MAX_CONSOLE_BYTES = 64 * 1024 * 1024;
const GIB = 1024 ** 3;

/** Never throws for what the image does; rejects with the signal's reason on an abort, and for a file that is not there. */
export async function bootCheck(
  file: string,
  inspection: Inspection,
  options: BootCheckOptions = {},
): Promise<BootCheck> {
  const { signal } = options;
  signal?.throwIfAborted();
  const plan = planOf(inspection, options);
  if (typeof plan === 'string') return notRun(plan, 'Mend what the inspection calls blocking, then check again.');
  const tools = findTools(plan);
  if (typeof tools === 'string') {
    return notRun(tools, 'apt-get install qemu-system-x86 qemu-utils ovmf (arm64: qemu-system-arm qemu-efi-aarch64)');
  }
  removeStale();
  const folder = mkdtempSync(path.join(tmpdir(), `${FOLDER}${process.pid}-`));
  const fd = orSourceFailure(file, () => openSync(file, 'r'));
  try {
    return await run({ plan, tools, folder, fd, size: inspection.virtualSize ?? 0, options });
  } finally {
    closeSync(fd);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A text: why this image cannot be started safely. */
function planOf(inspection: Inspection, { memoryMiB }: BootCheckOptions): MachinePlan | string {
  const driver = DRIVERS[inspection.format];
  if (driver === undefined || inspection.virtualSize === null) return `QEMU starts no ${inspection.format} file`;
  const damage = inspection.findings.find(
    ({ severity, code }) => severity === 'blocking' && CONTAINER_CODES.test(code),
  );
  if (damage !== undefined) return `the image file itself is not sound: ${damage.message}`;
  return {
    driver,
    architecture: inspection.architecture ?? 'x86_64',
    bootMode: inspection.architecture === 'arm64' ? 'UEFI' : (inspection.bootMode ?? 'BIOS'),
    osType: inspection.osType,
    memoryMiB: memoryMiB ?? (inspection.osType === 'windows' ? 2048 : 1024),
  };
}

/** What lies outside of the file, or makes QEMU read more than the file says. */
const CONTAINER_CODES =
  /^(?:ECSIMPORT\.(?:BackingFile|ExternalData|ExternalExtents|Damaged|Truncated|Format)|Invalid.*)$/;

interface Run {
  readonly plan: MachinePlan;
  readonly tools: Tools;
  readonly folder: string;
  readonly fd: number;
  readonly size: number;
  readonly options: BootCheckOptions;
}

async function run({ plan, tools, folder, fd, size, options }: Run): Promise<BootCheck> {
  const limits = {
    timeMs: options.timeLimitMs ?? 300_000,
    writtenBytes: options.writeLimitBytes ?? 2 * GIB,
  };
  const overlay = path.join(folder, 'overlay.qcow2');
  const control = path.join(folder, 'control');
  const firmware =
    tools.firmware === null ? null : { code: tools.firmware.code, variables: path.join(folder, 'variables.fd') };
  if (tools.firmware !== null && firmware !== null) copyFileSync(tools.firmware.variables, firmware.variables);
  handOver(folder);
  if (firmware !== null) handOver(firmware.variables);
  const made = await finished(start(tools.qemuImg, ['create', '-q', '-f', 'qcow2', overlay, String(size)], folder));
  if (made !== '') return notRun(`qemu-img could not make the overlay: ${made}`, FREE_SPACE);
  const log = consoleLog();
  const startedAt = performance.now();
  const seconds = () => Math.round((performance.now() - startedAt) / 1000);
  const machineArgs = machineArguments(plan, { imageFd: 3, overlay, control, firmware });
  // QEMU ends with this process, also when that is killed.
  const qemu =
    tools.setpriv === null
      ? start(tools.qemu, machineArgs, folder, fd)
      : start(tools.setpriv, ['--pdeathsig', 'KILL', tools.qemu, ...machineArgs], folder, fd);
  const machine = watchMachine(qemu, log);
  const stop = AbortSignal.any([machine.gone, ...(options.signal === undefined ? [] : [options.signal])]);
  let screen: Screen = { text: '', picture: null };
  try {
    const qmp = await openQmp(control, stop);
    const look = async () => {
      screen = await readScreen(qmp, folder, plan).catch(() => screen);
      return screen.text;
    };
    const end = await waitForSign({ log, look, stop, overlay, seconds, limits });
    if (end.seen !== null) await sleep(SETTLE_MS, undefined, { signal: stop });
    await look();
    qmp.close();
    return conclude(end, seconds(), log, screen);
  } catch (error) {
    options.signal?.throwIfAborted();
    if (!machine.gone.aborted) throw error;
    const complaint = machine.complaint();
    if (log.size() === 0 && complaint !== '') return notRun(`QEMU did not start: ${complaint}`, '');
    const seen = findSign(consoleText(log.recent()));
    return conclude({ seen, ended: true, why: '' }, seconds(), log, screen);
  } finally {
    killGroup(qemu);
    await machine.closed;
  }
}

const FOLDER = 'ecs-image-import-boot-';

/** Overlays of checks whose process was killed. */
function removeStale(): void {
  for (const name of readdirSync(tmpdir())) {
    const pid = Number(name.startsWith(FOLDER) ? name.slice(FOLDER.length).split('-')[0] : Number.NaN);
    if (Number.isSafeInteger(pid) && pid > 0 && !isAlive(pid)) {
      rmSync(path.join(tmpdir(), name), { recursive: true, force: true });
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH');
  }
}

/** Root gives the work to a user that can read nothing of the host. */
function handOver(file: string): void {
  if (process.getuid?.() === 0) chownSync(file, NOBODY, NOBODY);
}

function start(program: string, args: readonly string[], folder: string, fd?: number): ChildProcess {
  return spawn(program, args, {
    cwd: folder,
    // QEMU gets no secret of the service.
    env: { TMPDIR: folder },
    stdio: ['ignore', 'pipe', 'pipe', ...(fd === undefined ? [] : [fd])],
    // A process group of its own, so that nothing of it outlives the check.
    detached: true,
    ...(process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {}),
  });
}

/** Resolves with nothing, or with what the program complained of. */
function finished(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    let complaint = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      complaint = `${complaint}${chunk}`.slice(0, 500);
    });
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code) => resolve(code === 0 ? '' : complaint.trim() || `exit code ${code}`));
  });
}

interface Machine {
  /** Aborted when QEMU has ended. */
  readonly gone: AbortSignal;
  readonly closed: Promise<void>;
  complaint(): string;
}

function watchMachine(qemu: ChildProcess, log: ConsoleLog): Machine {
  const gone = new AbortController();
  let complaint = '';
  qemu.stdout?.on('data', (chunk: Buffer) => log.add(chunk));
  qemu.stderr?.on('data', (chunk: Buffer) => {
    complaint = `${complaint}${chunk}`.slice(-500);
  });
  const closed = new Promise<void>((resolve) => {
    const end = (error?: Error) => {
      if (error !== undefined) complaint = error.message;
      gone.abort(new Error('QEMU has ended'));
      resolve();
    };
    qemu.once('error', end);
    qemu.once('close', () => end());
  });
  return { gone: gone.signal, closed, complaint: () => complaint.trim() };
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

interface End {
  readonly seen: Seen | null;
  readonly ended: boolean;
  /** Why it was ended without a sign. */
  readonly why: string;
}

async function waitForSign({
  log,
  look,
  stop,
  overlay,
  seconds,
  limits,
}: {
  readonly log: ConsoleLog;
  readonly look: () => Promise<string>;
  readonly stop: AbortSignal;
  readonly overlay: string;
  readonly seconds: () => number;
  readonly limits: { readonly timeMs: number; readonly writtenBytes: number };
}): Promise<End> {
  for (let round = 1; ; round += 1) {
    stop.throwIfAborted();
    const seen = findSign(consoleText(log.recent())) ?? (round % SCREEN_EVERY === 0 ? findSign(await look()) : null);
    if (seen !== null) return { seen, ended: false, why: '' };
    if (seconds() * 1000 >= limits.timeMs) return { seen: null, ended: false, why: `no sign after ${seconds()} s` };
    if (log.size() > MAX_CONSOLE_BYTES) return { seen: null, ended: false, why: 'it floods its console' };
    if (statSync(overlay).size > limits.writtenBytes) {
      return { seen: null, ended: false, why: `it wrote more than ${limits.writtenBytes} bytes to its disk` };
    }
    await sleep(LOOK_EVERY_MS, undefined, { signal: stop });
  }
}

interface Screen {
  readonly text: string;
  readonly picture: Picture | null;
}

async function readScreen(qmp: Qmp, folder: string, plan: MachinePlan): Promise<Screen> {
  const dump = path.join(folder, 'screen.ppm');
  await qmp.execute('screendump', { filename: dump });
  const picture = unlessUnreadable(
    () => parsePpm(readFileSync(dump)),
    () => null,
  );
  if (picture === null || !isTextMode(picture) || plan.architecture === 'arm64') return { text: '', picture };
  const memory = path.join(folder, 'text.bin');
  await qmp.execute('pmemsave', { val: TEXT_SCREEN.address, size: TEXT_SCREEN.bytes, filename: memory });
  return { text: screenText(readFileSync(memory)), picture };
}

const SAYS: Readonly<Record<Sign, readonly [Severity, string, string]>> = {
  login: ['info', 'It starts on virtio disk and network: a login prompt', ''],
  panic: [
    'blocking',
    'The kernel panics at the start on virtio disk and network',
    'See the log; most often the virtio drivers lack in the initramfs, or root= names a disk that is not there.',
  ],
  emergency: [
    'blocking',
    'The start ends in an emergency shell: a disk was not found, or not mounted',
    'See the log; add virtio_pci and virtio_blk to the initramfs, and name disks by UUID in fstab and in root=.',
  ],
  loader: [
    'blocking',
    'The start ends in the boot loader',
    'See the screen; reinstall the boot loader and its configuration in the guest.',
  ],
  firmware: [
    'blocking',
    'The firmware finds nothing to start',
    'See the screen; check bootMode, and install the boot loader for it in the guest.',
  ],
};
const FREE_SPACE = 'Free some space in the folder for temporary files (TMPDIR).';

function conclude({ seen, ended, why }: End, seconds: number, log: ConsoleLog, screen: Screen): BootCheck {
  const common = {
    seconds,
    log: log.bytes(),
    screenshot: screen.picture === null ? null : png(screen.picture),
  };
  if (seen !== null) {
    const [severity, message, remedy] = SAYS[seen.sign];
    const finding = findingOf(severity, `${message}, after ${seconds} s`, seen.line, remedy);
    return { outcome: seen.sign, finding, ...common };
  }
  const last = lastLine(log, screen);
  if (ended) {
    const message = `It switched itself off or restarted after ${seconds} s, before any login prompt`;
    const finding = findingOf(
      'warning',
      message,
      last,
      'See the log and the last screen; a first start may restart once.',
    );
    return { outcome: 'ended', finding, ...common };
  }
  const finding = findingOf(
    'warning',
    `The boot check could not decide: ${why}`,
    last,
    'See the screen. A system that writes nothing to the serial console shows no prompt there: console=ttyS0 in the kernel’s command line.',
  );
  return { outcome: 'undecided', finding, ...common };
}

function lastLine(log: ConsoleLog, screen: Screen): string {
  const lines = `${screen.text}\n${consoleText(log.recent())}`.split('\n').filter((line) => line.trim() !== '');
  return lines.at(-1)?.trim() ?? 'nothing on the serial console';
}

function notRun(reason: string, remedy: string): BootCheck {
  const finding = findingOf('warning', 'The boot check did not run', reason, remedy);
  return { outcome: 'not-run', seconds: 0, finding, log: null, screenshot: null };
}

function findingOf(severity: Severity, message: string, evidence: string, remedy: string): Finding {
  return { code: 'ECSIMPORT.BootCheck', severity, message, evidence, remedy, source: 'inspection' };
}

/**
 * The boot check: boots an image in QEMU from a temporary overlay, with virtio disk and network, and waits for a login
 * prompt or for a known failure. The guest has no access to the network or to the host's files.
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
import { fail, hostFailure, programFailure } from '../../domain/errors/index.js';
import type { Finding, Severity } from '../../domain/import.js';
import type { LocalFile } from '../../sources/local-file.js';
import { isProcessAlive } from '../../sources/process-alive.js';
import { unlessUnreadable } from '../findings.js';
import type { Inspection } from '../inspection.js';
import { orSourceFailure } from '../source-file.js';
import { type ConsoleLog, consoleLog } from './console-log.js';
import {
  type ConsoleOutcome,
  consoleText,
  findOutcome,
  missedPartition,
  type OutcomeMatch,
} from './console-outcome.js';
import { DRIVERS, findTools, type MachinePlan, machineArguments, type Tools } from './machine.js';
import { endOf, watchMachine } from './qemu-process.js';
import { openQmp, type Qmp } from './qmp.js';
import { isTextMode, type Picture, parsePpm, png, screenText, TEXT_SCREEN } from './screen.js';

export interface BootCheckOptions {
  readonly signal?: AbortSignal;
  /** Time until the guest must reach an outcome. Default 300 000; Windows takes much longer without KVM. */
  readonly timeLimitMs?: number;
  /** The guest's memory in MiB. Default 1024, for Windows 2048. */
  readonly memoryMiB?: number;
  /** Bytes that the guest may write to its disk. Default 2 GiB. */
  readonly writeLimitBytes?: number;
}

export interface BootCheck {
  /** `ended`: the guest shut down or rebooted. `undecided`: no outcome within the limits. `not-run`: QEMU did not run. */
  readonly outcome: ConsoleOutcome | 'ended' | 'undecided' | 'not-run';
  readonly seconds: number;
  readonly finding: Finding;
  /** Output of the serial console; null if QEMU did not run. */
  readonly log: Buffer | null;
  /** The last screen as PNG. */
  readonly screenshot: Buffer | null;
}

const NOBODY_UID = 65_534;
const POLL_INTERVAL_MS = 500;
/** The screen is read at every fourth poll: each screenshot makes QEMU render the whole screen. */
const POLLS_PER_SCREENSHOT = 4;
/** Time after an outcome for the guest to write the rest of its message. */
const SETTLE_MS = 1_000;
const MAX_CONSOLE_BYTES = 64 * 1024 * 1024;
const GIB = 1024 ** 3;

/**
 * Any behaviour of the guest is an outcome. Rejects with the signal's reason on an abort, if the file is missing, and with `Host.*`
 * where the host is the cause: a full disk, no memory, a killed process.
 */
export async function bootCheck(
  file: string | LocalFile,
  inspection: Inspection,
  options: BootCheckOptions = {},
): Promise<BootCheck> {
  const { signal } = options;
  signal?.throwIfAborted();
  const plan = planOf(inspection, options);
  if (typeof plan === 'string')
    return notRun(plan, 'Fix the blocking findings of the inspection, then repeat the check.');
  const tools = findTools(plan);
  if (typeof tools === 'string') {
    return notRun(tools, INSTALL_QEMU);
  }
  removeStaleFolders();
  const image = openedImage(file);
  try {
    const folder = mkdtempSync(path.join(tmpdir(), `${FOLDER}${process.pid}-`));
    const size = inspection.virtualSize ?? 0;
    const started = run({ plan, tools, folder, fd: image.fd, size, inspection, options });
    return await started.finally(() => rmSync(folder, { recursive: true, force: true }));
  } catch (error) {
    throw hostFailure(error, `the boot check of ${typeof file === 'string' ? file : file.path}`) ?? error;
  } finally {
    image.close();
  }
}

function openedImage(file: string | LocalFile): { readonly fd: number; readonly close: () => void } {
  if (typeof file !== 'string') return { fd: file.handle.fd, close: () => undefined };
  const fd = orSourceFailure(file, () => openSync(file, 'r'));
  return { fd, close: () => closeSync(fd) };
}

const INSTALL_QEMU =
  'Install QEMU on this host: apt-get install qemu-system-x86 qemu-utils ovmf (arm64: qemu-system-arm qemu-efi-aarch64).';

/** A string: why this image cannot be booted safely. */
function planOf(inspection: Inspection, { memoryMiB }: BootCheckOptions): MachinePlan | string {
  const driver = DRIVERS[inspection.format];
  if (driver === undefined || inspection.virtualSize === null)
    return `QEMU cannot boot a file of format ${inspection.format}`;
  const damage = inspection.findings.find(
    ({ severity, code }) => severity === 'blocking' && CONTAINER_CODES.test(code),
  );
  if (damage !== undefined) return `the image file is damaged or incomplete: ${damage.message}`;
  return {
    driver,
    architecture: inspection.architecture ?? 'x86_64',
    bootMode: inspection.architecture === 'arm64' ? 'UEFI' : (inspection.bootMode ?? 'BIOS'),
    osType: inspection.osType,
    memoryMiB: memoryMiB ?? (inspection.osType === 'windows' ? 2048 : 1024),
  };
}

/** Findings about data outside the file, and damage that could make QEMU read data outside the image. */
const CONTAINER_CODES =
  /^(?:ECSIMPORT\.(?:BackingFile|ExternalData|ExternalExtents|Damaged|Truncated|Format)|Invalid.*)$/;

interface Run {
  readonly plan: MachinePlan;
  readonly tools: Tools;
  readonly folder: string;
  readonly fd: number;
  readonly size: number;
  readonly inspection: Inspection;
  readonly options: BootCheckOptions;
}

async function run({ plan, tools, folder, fd, size, inspection, options }: Run): Promise<BootCheck> {
  const limits = {
    timeMs: options.timeLimitMs ?? 300_000,
    writtenBytes: options.writeLimitBytes ?? 2 * GIB,
  };
  const overlay = path.join(folder, 'overlay.qcow2');
  const control = path.join(folder, 'control');
  const firmware =
    tools.firmware === null ? null : { code: tools.firmware.code, variables: path.join(folder, 'variables.fd') };
  if (tools.firmware !== null && firmware !== null) copyFileSync(tools.firmware.variables, firmware.variables);
  giveToUnprivilegedUser(folder);
  if (firmware !== null) giveToUnprivilegedUser(firmware.variables);
  const created = await endOf(start(tools.qemuImg, ['create', '-q', '-f', 'qcow2', overlay, String(size)], folder));
  const failure = programFailure({ program: 'qemu-img', ...created });
  if (failure !== null) throw failure;
  if (created.code !== 0) return notRun(`qemu-img could not create the overlay: ${created.errorText}`, FREE_SPACE);
  const log = consoleLog();
  const startedAt = performance.now();
  const seconds = () => Math.round((performance.now() - startedAt) / 1000);
  const machineArgs = machineArguments(plan, { imageFd: 3, overlay, control, firmware });
  // setpriv makes the kernel kill QEMU when this process dies, even by SIGKILL.
  const qemu =
    tools.setpriv === null
      ? start(tools.qemu, machineArgs, folder, fd)
      : start(tools.setpriv, ['--pdeathsig', 'KILL', tools.qemu, ...machineArgs], folder, fd);
  const machine = watchMachine(qemu, log);
  const stop = AbortSignal.any([machine.exited, ...(options.signal === undefined ? [] : [options.signal])]);
  let screen: Screen = { text: '', picture: null };
  try {
    const qmp = await openQmp(control, stop);
    const pollScreen = async () => {
      screen = await readScreen(qmp, folder, plan).catch(() => screen);
      return screen.text;
    };
    const end = await waitForOutcome({ log, qmp, pollScreen, stop, overlay, seconds, limits, inspection });
    if (end.match !== null) await sleep(SETTLE_MS, undefined, { signal: stop });
    await pollScreen();
    qmp.close();
    return conclude(end, seconds(), log, screen);
  } catch (error) {
    options.signal?.throwIfAborted();
    if (!machine.exited.aborted) throw error;
    const errorText = machine.errorText();
    const host = machine.hostFailure();
    if (host !== null) throw host;
    if (log.size() === 0 && errorText !== '') {
      return notRun(`QEMU did not start: ${errorText}`, 'Run qemu-system-x86_64 --version on this host to check QEMU.');
    }
    const match = findOutcome(consoleText(log.recent()));
    return conclude({ match, ended: true, reason: '' }, seconds(), log, screen);
  } finally {
    killGroup(qemu);
    await machine.closed;
  }
}

const FOLDER = 'ecs-image-import-boot-';

/** Removes the folders of checks whose process was killed. */
function removeStaleFolders(): void {
  for (const name of readdirSync(tmpdir())) {
    const pid = Number(name.startsWith(FOLDER) ? name.slice(FOLDER.length).split('-')[0] : Number.NaN);
    if (Number.isSafeInteger(pid) && pid > 0 && !isProcessAlive(pid)) {
      rmSync(path.join(tmpdir(), name), { recursive: true, force: true });
    }
  }
}

/** If this process is root, QEMU runs as nobody and must own its files. */
function giveToUnprivilegedUser(file: string): void {
  if (process.getuid?.() === 0) chownSync(file, NOBODY_UID, NOBODY_UID);
}

function start(program: string, args: readonly string[], folder: string, fd?: number): ChildProcess {
  return spawn(program, args, {
    cwd: folder,
    // QEMU must not see the service's secrets.
    env: { TMPDIR: folder },
    stdio: ['ignore', 'pipe', 'pipe', ...(fd === undefined ? [] : [fd])],
    // A separate process group, so that killGroup also kills QEMU's children.
    detached: true,
    ...(process.getuid?.() === 0 ? { uid: NOBODY_UID, gid: NOBODY_UID } : {}),
  });
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // The process has exited already.
  }
}

interface End {
  readonly match: OutcomeMatch | null;
  /** The guest shut down or rebooted. */
  readonly ended: boolean;
  /** Which limit was reached without an outcome. */
  readonly reason: string;
}

async function waitForOutcome({
  log,
  qmp,
  pollScreen,
  stop,
  overlay,
  seconds,
  limits,
  inspection,
}: {
  readonly log: ConsoleLog;
  readonly qmp: Qmp;
  readonly pollScreen: () => Promise<string>;
  readonly stop: AbortSignal;
  readonly overlay: string;
  readonly seconds: () => number;
  readonly limits: { readonly timeMs: number; readonly writtenBytes: number };
  readonly inspection: Inspection;
}): Promise<End> {
  const undecided = (reason: string): End => ({ match: null, ended: false, reason });
  for (let poll = 1; ; poll += 1) {
    stop.throwIfAborted();
    if (qmp.isDiskFull())
      throw fail('Host.DiskFull', `the boot check cannot write ${overlay}: no space left on its disk`);
    const text = consoleText(log.recent());
    const onConsole = findOutcome(text);
    const onScreen = onConsole === null && poll % POLLS_PER_SCREENSHOT === 0 ? await pollScreen() : '';
    const match = onConsole ?? findOutcome(onScreen);
    const missed = match?.outcome === 'emergency' ? missedPartition(`${text}\n${onScreen}`, inspection) : null;
    if (missed !== null)
      return undecided(`this host is too slow: systemd stopped waiting for partition ${missed}, which the disk has`);
    if (match !== null) return { match, ended: false, reason: '' };
    if (seconds() * 1000 >= limits.timeMs) return undecided(`no login prompt and no known error after ${seconds()} s`);
    if (log.size() > MAX_CONSOLE_BYTES) {
      return undecided(`the guest wrote more than ${MAX_CONSOLE_BYTES} bytes to its console`);
    }
    if (statSync(overlay).size > limits.writtenBytes) {
      return undecided(`the guest wrote more than ${limits.writtenBytes} bytes to its disk`);
    }
    await sleep(POLL_INTERVAL_MS, undefined, { signal: stop });
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

/** Severity, message and remedy. */
const OUTCOMES: Readonly<Record<ConsoleOutcome, readonly [Severity, string, string]>> = {
  login: ['info', 'The guest boots with virtio disk and network to a login prompt', ''],
  panic: [
    'blocking',
    'The kernel panics when it boots with virtio disk and network',
    'Check the log. Usually the virtio drivers are missing in the initramfs, or root= names a disk that does not exist.',
  ],
  emergency: [
    'blocking',
    'The boot ends in an emergency shell: a disk was not found or not mounted',
    'Check the log. Add virtio_pci and virtio_blk to the initramfs, and use UUIDs in /etc/fstab and in root=.',
  ],
  loader: [
    'blocking',
    'The boot stops in the boot loader',
    'Check the screen. Reinstall the boot loader and its configuration in the guest.',
  ],
  firmware: [
    'blocking',
    'The firmware finds no bootable device',
    'Check the screen. Check bootMode, and install the boot loader for this mode in the guest.',
  ],
};
const FREE_SPACE = 'Free space in the folder for temporary files (TMPDIR).';

function conclude({ match, ended, reason }: End, seconds: number, log: ConsoleLog, screen: Screen): BootCheck {
  const common = {
    seconds,
    log: log.bytes(),
    screenshot: screen.picture === null ? null : png(screen.picture),
  };
  if (match !== null) {
    const [severity, message, remedy] = OUTCOMES[match.outcome];
    const finding = findingOf(severity, `${message} (after ${seconds} s)`, match.line, remedy);
    return { outcome: match.outcome, finding, ...common };
  }
  const last = lastLine(log, screen);
  if (ended) {
    const message = `The guest shut down or rebooted after ${seconds} s, before a login prompt`;
    const finding = findingOf(
      'warning',
      message,
      last,
      'Check the log and the last screen. Some guests reboot once at their first boot.',
    );
    return { outcome: 'ended', finding, ...common };
  }
  const finding = findingOf(
    'warning',
    `The boot check could not determine whether the guest boots: ${reason}`,
    last,
    'Check the screen. If the guest does not write to the serial console, add console=ttyS0 to the kernel command line.',
  );
  return { outcome: 'undecided', finding, ...common };
}

function lastLine(log: ConsoleLog, screen: Screen): string {
  const lines = `${screen.text}\n${consoleText(log.recent())}`.split('\n').filter((line) => line.trim() !== '');
  return lines.at(-1)?.trim() ?? 'no output on the serial console';
}

function notRun(reason: string, remedy: string): BootCheck {
  const finding = findingOf('warning', 'The boot check did not run', reason, remedy);
  return { outcome: 'not-run', seconds: 0, finding, log: null, screenshot: null };
}

function findingOf(severity: Severity, message: string, evidence: string, remedy: string): Finding {
  return { code: 'ECSIMPORT.BootCheck', severity, message, evidence, remedy, source: 'inspection' };
}

/** The package as its users get it: packed, and installed in an empty folder. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

export const ROOT = path.resolve(import.meta.dirname, '../../..');
const QUIET = ['--no-audit', '--no-fund', '--ignore-scripts', '--prefer-offline', '--loglevel=error'];

export interface Packed {
  readonly tarball: string;
  /** Installs the tarball and more packages in a folder of its own; returns the folder. */
  readonly install: (name: string, args: readonly string[]) => string;
  /** Unpacks the tarball beside links to this checkout's dependencies, without those of development; returns the folder. */
  readonly link: (name: string, more: readonly string[]) => string;
  readonly remove: () => void;
}

/** Packs dist/ as it is. */
export function packPackage(): Packed {
  const work = mkdtempSync(path.join(tmpdir(), 'ecs-image-import-package-'));
  const out = execFileSync('npm', ['pack', ...QUIET, '--json', '--pack-destination', work], {
    cwd: ROOT,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  const name = /"filename":\s*"([^"]+)"/.exec(out)?.[1];
  if (name === undefined) throw new Error(`npm pack reported no file: ${out.slice(0, 200)}`);
  const tarball = path.join(work, name);
  return {
    tarball,
    install(folderName, args) {
      const folder = path.join(work, folderName);
      mkdirSync(folder);
      writeFileSync(path.join(folder, 'package.json'), '{"private":true,"type":"module"}');
      execFileSync('npm', ['install', ...QUIET, ...args, tarball], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
      return folder;
    },
    link(folderName, more) {
      const folder = path.join(work, folderName);
      const own = path.join(folder, 'node_modules', 'ecs-image-import');
      mkdirSync(own, { recursive: true });
      writeFileSync(path.join(folder, 'package.json'), '{"private":true,"type":"module"}');
      execFileSync('tar', ['-xzf', tarball, '-C', own, '--strip-components=1']);
      for (const name of new Set([...dependencies(), ...more])) {
        mkdirSync(path.dirname(path.join(folder, 'node_modules', name)), { recursive: true });
        symlinkSync(path.join(ROOT, 'node_modules', name), path.join(folder, 'node_modules', name));
      }
      return folder;
    },
    remove: () => rmSync(work, { recursive: true, force: true }),
  };
}

/** Packages at the top of node_modules that are not only for development. */
function dependencies(): readonly string[] {
  const lock: { packages: Record<string, { dev?: boolean }> } = JSON.parse(
    readFileSync(path.join(ROOT, 'package-lock.json'), 'utf8'),
  );
  return Object.entries(lock.packages).flatMap(([place, { dev = false }]) => {
    const name = /^node_modules\/((?:@[^/]+\/)?[^/]+)$/.exec(place)?.[1];
    return name === undefined || dev || !existsSync(path.join(ROOT, place)) ? [] : [name];
  });
}

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a script of the folder; this process keeps answering meanwhile. */
export async function runIn(folder: string, script: string, args: readonly string[]): Promise<Ran> {
  const child = spawn(process.execPath, [path.join(folder, script), ...args], { cwd: folder });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const [code] = await once(child, 'close');
  return { code: typeof code === 'number' ? code : null, stdout, stderr };
}

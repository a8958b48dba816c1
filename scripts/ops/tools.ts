/** Programs that checks need: from PATH, else built with Go and kept in the cache folder of the user. */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, mkdirSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const FOLDER = path.join(
  process.env.XDG_CACHE_HOME || path.join(os.homedir(), '.cache'),
  'ecs-image-import',
  'ops-tools',
);

/**
 * The path of a program.
 * @param module the Go package with its version: `github.com/prometheus/prometheus/cmd/promtool@v0.316.0`
 * @param tags build tags of Go
 */
export function goTool(name: string, module: string, tags: readonly string[] = []): string {
  const onPath = (process.env.PATH ?? '').split(path.delimiter).map((folder) => path.join(folder, name));
  const found = onPath.find(isExecutable);
  if (found !== undefined) return found;
  const version = module.slice(module.lastIndexOf('@') + 1);
  const folder = path.join(FOLDER, `${name}-${version}`);
  const built = path.join(folder, name);
  if (existsSync(built)) return built;
  mkdirSync(folder, { recursive: true });
  console.log(`building ${name} ${version} with Go; this takes minutes once`);
  run('go', ['install', '-trimpath', '-ldflags', '-s -w', ...tags.flatMap((tag) => ['-tags', tag]), module], {
    env: { ...process.env, GOBIN: folder, GOFLAGS: '-buildvcs=false', GOOS: '', GOARCH: '' },
  });
  return built;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Runs a program and returns its standard output. Throws an error with all it has printed, unless it ends with 0. */
export function run(
  command: string,
  args: readonly string[],
  options: { readonly env?: NodeJS.ProcessEnv; readonly cwd?: string; readonly input?: string } = {},
): string {
  const { status, error, stdout, stderr } = spawnSync(command, args, {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 ** 2,
    ...options,
  });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}\n${stdout}${stderr}`);
  return stdout;
}

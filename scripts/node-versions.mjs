// Runs the fast tests and the demo on other versions of Node.js than the one that runs this: `node scripts/node-versions.mjs 24 26`.
// The npm package `node` brings the binaries.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..');
const work = mkdtempSync(path.join(tmpdir(), 'ecs-image-import-node-'));

function run(command, args, options) {
  const { status } = spawnSync(command, args, { stdio: 'inherit', ...options });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}`);
}

try {
  for (const version of process.argv.slice(2)) {
    const folder = path.join(work, version);
    mkdirSync(folder);
    writeFileSync(path.join(folder, 'package.json'), '{"private":true}');
    run('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error', `node@${version}`], { cwd: folder });
    const bin = path.join(folder, 'node_modules/node/bin');
    const env = { ...process.env, PATH: `${bin}${path.delimiter}${process.env.PATH}` };
    const node = path.join(bin, 'node');
    console.log(`\n── Node.js ${version}: fast tests`);
    run(node, ['--version'], { cwd: root, env });
    run(node, ['node_modules/vitest/vitest.mjs', 'run', '--project', 'fast', '--reporter=dot'], { cwd: root, env });
    console.log(`\n── Node.js ${version}: demo`);
    run(node, ['dist/cli/main.js', 'demo'], { cwd: root, env });
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}

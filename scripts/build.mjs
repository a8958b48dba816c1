// Builds dist/: compiles the code, bundles the workflows, so that workers start without bundling, and builds the page.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';

const root = path.resolve(import.meta.dirname, '..');
const require = createRequire(import.meta.url);

// TypeScript 7 compiles in a fraction of the time. `typescript` stays at 5.9 for the tools that use its API, which 7 does not have.
const compiler = path.join(path.dirname(require.resolve('typescript-7/package.json')), 'bin/tsc');
execFileSync(process.execPath, [compiler, '-p', 'tsconfig.build.json'], { cwd: root, stdio: 'inherit' });

const workflowsPath = path.join(root, 'dist/workflows/index.js');
if (existsSync(workflowsPath)) {
  const { bundleWorkflowCode } = await import('@temporalio/worker');
  const silent = { trace() {}, debug() {}, info() {}, warn: console.warn, error: console.error, log() {} };
  const { code } = await bundleWorkflowCode({
    workflowsPath,
    workflowInterceptorModules: ['payload-interceptors.js', 'trace-headers.js'].map((file) =>
      path.join(root, 'dist/workflows', file),
    ),
    failureConverterPath: path.join(root, 'assets/failure-converter.cjs'),
    logger: silent,
  });
  writeFileSync(path.join(root, 'dist/workflow-bundle.js'), code);
}

const { build } = await import('vite');
await build({ configFile: path.join(root, 'scripts/vite.config.ts'), logLevel: 'warn' });
const page = path.join(root, 'dist/web');
for (const name of readdirSync(page, { recursive: true })) {
  if (!/\.(html|js|css|svg)$/.test(name)) continue;
  const content = readFileSync(path.join(page, name));
  writeFileSync(path.join(page, `${name}.br`), brotliCompressSync(content));
  writeFileSync(path.join(page, `${name}.gz`), gzipSync(content, { level: 9 }));
}

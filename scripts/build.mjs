// Builds dist/: compiles the code and bundles the workflows, so that workers start without bundling.
import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..');
const require = createRequire(import.meta.url);

execFileSync(process.execPath, [require.resolve('typescript/bin/tsc'), '-p', 'tsconfig.build.json'], {
  cwd: root,
  stdio: 'inherit',
});

const workflowsPath = path.join(root, 'dist/workflows/index.js');
if (existsSync(workflowsPath)) {
  const { bundleWorkflowCode } = await import('@temporalio/worker');
  const silent = { trace() {}, debug() {}, info() {}, warn: console.warn, error: console.error, log() {} };
  const { code } = await bundleWorkflowCode({
    workflowsPath,
    workflowInterceptorModules: [path.join(root, 'dist/workflows/payload-interceptors.js')],
    failureConverterPath: path.join(root, 'assets/failure-converter.cjs'),
    logger: silent,
  });
  writeFileSync(path.join(root, 'dist/workflow-bundle.js'), code);
}

/** The location of the workflow code. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { WorkflowBundleOption } from '@temporalio/worker';

const root = path.join(import.meta.dirname, '..');

/** The workflow code as one file, created by the build: `Worker.create({ workflowBundle: { codePath: workflowBundlePath } })`. */
export const workflowBundlePath = path.join(root, 'workflow-bundle.js');

type WorkflowCode = { readonly workflowModules?: readonly string[] } & (
  | { readonly workflowBundle: WorkflowBundleOption }
  | { readonly workflowsPath: string }
);

/** The bundle, or the sources if there is no build: the SDK then bundles them. */
export function workflowCode(): WorkflowCode {
  if (existsSync(workflowBundlePath)) return { workflowBundle: { codePath: workflowBundlePath } };
  return {
    workflowsPath: path.join(root, 'workflows', 'index.ts'),
    workflowModules: ['payload-interceptors.ts', 'trace-headers.ts'].map((file) => path.join(root, 'workflows', file)),
  };
}

/** Where the workflow code is. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { WorkflowBundleOption } from '@temporalio/worker';

const root = path.join(import.meta.dirname, '..');

/** The workflow code as one file, which the build makes: `Worker.create({ workflowBundle: { codePath: workflowBundlePath } })`. */
export const workflowBundlePath = path.join(root, 'workflow-bundle.js');

/** The bundle; the SDK bundles the sources itself where there is no build. */
export function workflowCode(): { readonly workflowBundle: WorkflowBundleOption } | { readonly workflowsPath: string } {
  if (existsSync(workflowBundlePath)) return { workflowBundle: { codePath: workflowBundlePath } };
  return { workflowsPath: path.join(root, 'workflows', 'index.ts') };
}

/** Runs preflight against an emulated cloud, with images on this host. */

import { ApplicationFailure } from '@temporalio/common';
import type { ActivityDependencies } from '../../../activities/dependencies.js';
import { createPreflight } from '../../../activities/preflight.js';
import { cloudWith } from '../../../alibaba/cloud.js';
import { createCloud } from '../../../alibaba/create-cloud.js';
import type { Failure } from '../../../domain/errors/failure.js';
import { isObject } from '../../../domain/json-value.js';
import { ossAccessOf } from '../../../domain/oss-access.js';
import type { ImportPlan } from '../../../domain/plan.js';
import type { ImportRequest } from '../../../domain/request/request.js';
import { inspectImage } from '../../../images/inspect.js';
import { openLocalFile } from '../../../sources/local-file.js';
import { ACCOUNT_KEYS, type LocalCloud } from '../emulator/local-cloud.js';
import { activityRunner, FakeCloud } from './distribution-cloud.js';

/** The plan, or the failure that the workflow receives. */
export async function runPreflight(local: LocalCloud, request: ImportRequest): Promise<ImportPlan | Failure> {
  const runner = activityRunner(new FakeCloud());
  const endpoint = `http://${local.address}`;
  const endpoints = { ecs: endpoint, ram: endpoint, sts: endpoint, oss: endpoint };
  const deps: ActivityDependencies = {
    ...runner.deps,
    cloud: cloudWith(createCloud({ endpoints, credentials: async () => ACCOUNT_KEYS }), ossAccessOf(request)),
    inspect: async (file) => inspectImage(file),
    openFile: openLocalFile,
    uploading: {
      ...runner.deps.uploading,
      programs: { qemuImg: async () => null, decompressor: async () => false },
    },
  };
  const input = { importId: 'imp-1', step: 1, request, attempt: 1 };
  try {
    return await runner.environment().run(createPreflight(deps), input);
  } catch (error) {
    const [failure] = error instanceof ApplicationFailure ? (error.details ?? []) : [];
    if (!isFailure(failure)) throw error;
    return failure;
  }
}

function isFailure(value: unknown): value is Failure {
  return isObject(value) && 'code' in value && 'message' in value && 'remedy' in value;
}

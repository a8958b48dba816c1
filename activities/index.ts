/** All activities of an import, bound to their dependencies. */
import { cloudWith } from '../alibaba/cloud.js';
import { ossAccessOf } from '../domain/oss-access.js';
import type { StepInput } from '../domain/plan.js';
import { createAccept } from './accept.js';
import { createCleanUp } from './clean-up.js';
import type { ActivityDependencies } from './dependencies.js';
import { createDetect } from './detect.js';
import { createDistribute } from './distribute.js';
import { createInspectFile } from './inspect-file.js';
import { createCheckLate } from './late-check/check-late.js';
import { createNoteCancel } from './note-cancel.js';
import { createPreflight } from './preflight.js';
import { createSetUpRole } from './set-up-role.js';
import { createStartImport } from './start-import.js';
import { createSweepOrphans } from './sweep-orphans.js';
import { createUpload } from './upload.js';
import { createWatchImport } from './watch-import.js';

export type ImportActivities = ReturnType<typeof createActivities>;

export function createActivities(deps: ActivityDependencies) {
  const ofImport = async ({ importId, request }: StepInput): Promise<ActivityDependencies> => {
    const { account } = request;
    const began = account === undefined ? null : (await deps.store.facts(importId)).accountId;
    const clients = deps.accounts.of(account, began);
    return { ...deps, ...clients, cloud: cloudWith(clients.cloud, ossAccessOf(request)) };
  };
  /** The activity with the clients of the account of its import, and with OSS as the import reaches it. */
  const inAccount =
    <Args extends readonly unknown[], Result>(
      create: (of: ActivityDependencies) => (input: StepInput, ...args: Args) => Promise<Result>,
    ) =>
    async (input: StepInput, ...args: Args): Promise<Result> =>
      await create(await ofImport(input))(input, ...args);
  return {
    accept: createAccept(deps),
    preflight: inAccount(createPreflight),
    setUpRole: inAccount(createSetUpRole),
    upload: inAccount(createUpload),
    startImport: inAccount(createStartImport),
    watchImport: inAccount(createWatchImport),
    detect: inAccount(createDetect),
    distribute: inAccount(createDistribute),
    cleanUp: inAccount(createCleanUp),
    inspectFile: createInspectFile(deps),
    sweepOrphans: createSweepOrphans(deps),
    checkLate: createCheckLate(deps),
    noteCancel: createNoteCancel(deps),
  };
}

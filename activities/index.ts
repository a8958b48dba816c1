/** All activities of an import, bound to their dependencies. */
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
  return {
    accept: createAccept(deps),
    preflight: createPreflight(deps),
    setUpRole: createSetUpRole(deps),
    upload: createUpload(deps),
    startImport: createStartImport(deps),
    watchImport: createWatchImport(deps),
    detect: createDetect(deps),
    distribute: createDistribute(deps),
    cleanUp: createCleanUp(deps),
    inspectFile: createInspectFile(deps),
    sweepOrphans: createSweepOrphans(deps),
    checkLate: createCheckLate(deps),
    noteCancel: createNoteCancel(deps),
  };
}

/** All commands, in the order of the help. */
import { Command } from 'commander';
import { programVersion } from '../store/program-version.js';
import { addApi } from './commands/api.js';
import { addAudit } from './commands/audit.js';
import { addBatch } from './commands/batch.js';
import { addCancel } from './commands/cancel.js';
import { addCompletion } from './commands/completion.js';
import { addConfig } from './commands/config.js';
import { addDemo } from './commands/demo.js';
import { addDoctor } from './commands/doctor.js';
import { addEmulator } from './commands/emulator.js';
import { addHold, addHolds, addRelease } from './commands/hold.js';
import { addImport } from './commands/import.js';
import { addInspect } from './commands/inspect.js';
import { addKeys } from './commands/keys.js';
import { addList } from './commands/list.js';
import { addLogs } from './commands/logs.js';
import { addMigrate } from './commands/migrate.js';
import { addOpen } from './commands/open.js';
import { addOrphans } from './commands/orphans.js';
import { addPayloadKeys } from './commands/payload-keys.js';
import { addPolicy } from './commands/policy.js';
import { addReconcile } from './commands/reconcile.js';
import { addReport } from './commands/report.js';
import { addResume } from './commands/resume.js';
import { addRetry } from './commands/retry.js';
import { addStatus } from './commands/status.js';
import { addUp } from './commands/up.js';
import { addVersion } from './commands/version.js';
import { addWatch } from './commands/watch.js';
import { addWebhooks } from './commands/webhooks.js';
import { addWorker } from './commands/worker.js';
import { print } from './console.js';
import { addGlobalOptions } from './globals.js';
import { addHelpTexts, helpWidth, ProgramHelp } from './help.js';

type Add = (program: Command) => void;

const COMMAND_GROUPS: Readonly<Record<string, readonly Add[]>> = {
  'Start here:': [addDemo, addUp, addOpen, addDoctor],
  'Imports:': [
    ...[addImport, addInspect, addList, addStatus, addWatch, addLogs],
    ...[addCancel, addResume, addRetry, addReport],
  ],
  'Batches:': [addBatch],
  'This command line:': [addConfig, addCompletion, addVersion],
  'Administration:': [
    ...[addKeys, addPayloadKeys, addAudit, addPolicy, addMigrate, addOrphans],
    ...[addReconcile, addHold, addRelease, addHolds, addWebhooks],
  ],
  'Single processes:': [addWorker, addApi, addEmulator],
};

class Program extends Command {
  override createCommand(name?: string): Command {
    return new Program(name);
  }

  override createHelp(): ProgramHelp {
    return Object.assign(new ProgramHelp(), this.configureHelp());
  }
}

/** @param onError receives what commander would print on stderr */
export function createProgram(onError: (text: string) => void): Command {
  const program = new Program('ecs-image-import')
    .description('Import disk images as custom images into Alibaba Cloud ECS. Imports survive restarts of the service.')
    .version(programVersion())
    .exitOverride()
    .configureOutput({
      writeOut: (text) => print(text.replace(/\n$/, '')),
      writeErr: onError,
      getOutHelpWidth: helpWidth,
      getErrHelpWidth: helpWidth,
    });
  addGlobalOptions(program);
  for (const [heading, commands] of Object.entries(COMMAND_GROUPS)) {
    program.commandsGroup(heading);
    for (const add of commands) add(program);
  }
  addHelpTexts(program);
  return program;
}

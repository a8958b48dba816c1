/** `inspect IMAGE`: says offline whether an image will boot on ECS; needs no running service. */
import { performance } from 'node:perf_hooks';
import type { Command } from 'commander';
import { FailureError } from '../../domain/failure.js';
import { createInspector } from '../../images/inspect-in-child.js';
import type { Inspection } from '../../images/inspection.js';
import { print } from '../console.js';
import { CommandError, EXIT } from '../exit.js';
import { globalsOf } from '../globals.js';
import { inspectionText } from '../inspection-text.js';
import { pathOf } from '../local-path.js';
import { clean } from '../words.js';

export function addInspect(program: Command): void {
  program
    .command('inspect')
    .description('say whether a disk image will boot on ECS, and if not why (exit code 1: it will not)')
    .argument('<image>', 'path or file: URL of the image')
    .action(async (image: string, _options, command: Command) => {
      const { json } = globalsOf(command);
      const file = pathOf(image, process.cwd());
      const startedAt = performance.now();
      const inspection = await inspect(file);
      const ms = Math.round(performance.now() - startedAt);
      print(json ? JSON.stringify({ file, ...inspection, ms }, null, 2) : inspectionText(file, inspection, ms));
      if (inspection.findings.some(({ severity }) => severity === 'blocking')) throw new CommandError(EXIT.failed, []);
    });
}

async function inspect(file: string): Promise<Inspection> {
  try {
    return await createInspector()(file);
  } catch (error) {
    if (!(error instanceof FailureError)) throw error;
    const { code, class: kind, message, remedy } = error.failure;
    const lines = [clean(`${code}: ${message}`), ...(remedy === '' ? [] : [clean(`remedy: ${remedy}`)])];
    const problem = JSON.stringify({ title: message, code, detail: message, remedy });
    throw new CommandError(kind === 'request' ? EXIT.usage : EXIT.failed, lines, problem);
  }
}

/** `version`: of this program and what it runs on; of the service too, if one answers. */
import os from 'node:os';
import type { Command } from 'commander';
import { programVersion } from '../../store/program-version.js';
import { printResult } from '../document.js';
import { globalsOf } from '../globals.js';

export function addVersion(program: Command): void {
  program
    .command('version')
    .description('print the version of this program, Node.js and the platform')
    .action((_options: object, command: Command) => {
      const about = {
        version: programVersion(),
        node: process.versions.node,
        platform: `${process.platform}-${process.arch}`,
        os: os.release(),
      };
      printResult(globalsOf(command), about, () =>
        [`ecs-image-import ${about.version}`, `Node.js ${about.node} on ${about.platform} (${about.os})`].join('\n'),
      );
    });
}

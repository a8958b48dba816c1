/** `open`: prints a link that signs in to the page. */
import type { Command } from 'commander';
import { openApi } from '../api.js';
import { print, say } from '../console.js';
import { printDocument } from '../document.js';
import { findApi } from '../find-api.js';
import { globalsOf } from '../globals.js';
import { createSignInLink } from '../sign-in-link.js';

export function addOpen(program: Command): void {
  program
    .command('open')
    .description('print a link that signs in to the page of the API, once and within 10 minutes')
    .action(async (_options, command: Command) => {
      const globals = globalsOf(command);
      const api = await findApi(globals.api, process.env);
      const link = await createSignInLink(openApi({ api }), api);
      if (globals.json) return printDocument(globals, link);
      print(link.url);
      say('open the link within 10 minutes; it works once');
    });
}

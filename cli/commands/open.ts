/** `open`: the page in a browser, with a link that signs in; with an ID, the import or batch in it. */
import { spawn } from 'node:child_process';
import type { Command } from 'commander';
import { ApiProblem } from '../../client/errors.js';
import { type Api, openApi } from '../api.js';
import { print, say } from '../console.js';
import { printDocument } from '../document.js';
import { findApi } from '../find-api.js';
import { globalsOf } from '../globals.js';
import { resolveBatch, resolveImport } from '../resolve.js';
import { createSignInLink, type SignInLink } from '../sign-in-link.js';

interface Options {
  readonly browser: boolean;
}

export function addOpen(program: Command): void {
  program
    .command('open')
    .description('print the address of the page, or of an import or batch in it, and open it in a browser')
    .argument('[id]', 'ID, beginning of an ID, or name of an import; ID of a batch')
    .option('--no-browser', 'only print the address')
    .action(async (given: string | undefined, { browser }: Options, command: Command) => {
      const globals = globalsOf(command);
      const base = await findApi(globals, process.env);
      const api = openApi({ ...globals, api: base });
      const view = given === undefined ? null : await viewOf(api, given);
      const link = await signInLink(api, base, view);
      const url = view === null ? (link?.url ?? `${base}/`) : `${base}/#${view}`;
      if (globals.json) return printDocument(globals, { url, ...(link === null ? {} : signIn(link, view)) });
      print(url);
      if (browser && hasScreen(process.env)) openInBrowser(link?.url ?? url);
      if (link === null) return;
      say(view === null ? 'open the link within 10 minutes; it works once' : `to sign in first, once: ${link.url}`);
    });
}

/** The address in the page: `/imports/ID`. */
async function viewOf(api: Api, given: string): Promise<string> {
  if (given.startsWith('bat-')) return `/batches/${encodeURIComponent(await resolveBatch(api, given, 'show'))}`;
  return `/imports/${encodeURIComponent(await resolveImport(api, given, 'show'))}`;
}

/** Null: the API needs no sign-in, or has no sign-in by links. */
async function signInLink(api: Api, base: string, view: string | null): Promise<SignInLink | null> {
  try {
    const link = await createSignInLink(api, base);
    return view === null ? link : { ...link, url: `${link.url}&to=${view}` };
  } catch (error) {
    // Without a view, the link is all that was asked for.
    if (view !== null && error instanceof ApiProblem && error.status < 500) return null;
    throw error;
  }
}

function signIn({ url, expiresAt }: SignInLink, view: string | null): object {
  return view === null ? { expiresAt } : { signIn: url, expiresAt };
}

function hasScreen(env: NodeJS.ProcessEnv): boolean {
  if (process.stdout.isTTY !== true || env.SSH_CONNECTION) return false;
  return process.platform !== 'linux' || Boolean(env.DISPLAY || env.WAYLAND_DISPLAY);
}

/** A failure needs no message: the address is printed. */
function openInBrowser(url: string): void {
  const [file, ...args] = BROWSERS[process.platform] ?? ['xdg-open'];
  const child = spawn(file, [...args, url], { stdio: 'ignore', detached: true });
  child.on('error', () => undefined);
  child.unref();
}

const BROWSERS: Readonly<Record<string, readonly [file: string, ...args: string[]]>> = {
  darwin: ['open'],
  win32: ['rundll32', 'url.dll,FileProtocolHandler'],
};

/**
 * Keeps pages of other sites out. A browser adds `Origin` and `Sec-Fetch-Site` to requests of pages, and a page cannot
 * change them; the command line and other programs send neither. `Host` is checked because a page whose name is pointed at
 * this address (DNS rebinding) counts as the same origin.
 */
import { isIP } from 'node:net';
import type { Context, MiddlewareHandler } from 'hono';
import { PROBES } from './probes.js';
import { problem } from './problems.js';

/** They change nothing, and browsers do not show their responses to pages of other origins. */
export const READING = ['GET', 'HEAD', 'OPTIONS'];

/**
 * @param hostNames the names in `Host` besides addresses and localhost; absent: any name
 * @param isFromKnownPage whether a page of another origin may send the request
 */
export function sameOrigin(
  hostNames: readonly string[] | undefined,
  isFromKnownPage: (context: Context) => boolean = () => false,
): MiddlewareHandler {
  const isAllowed = (name: string) => hostNames?.includes(name) === true;
  return async (context, next) => {
    const { req } = context;
    const isProbe = [...PROBES, '/metrics'].includes(req.path);
    const host = hostIn(req.header('host') ?? new URL(req.url).host);
    if (!isProbe && hostNames !== undefined && host !== null && !isLocal(host.name) && !isAllowed(host.name)) {
      throw problem(
        'unknownHost',
        `the request was sent to host ${host.name.slice(0, 100)}, which is not a name of this API`,
        'Use an IP address or localhost in the URL, or add the name to ECS_IMPORT_HOST_NAMES of the API.',
      );
    }
    if (!READING.includes(req.method) && !isFromKnownPage(context)) {
      const site = req.header('sec-fetch-site');
      const origin = req.header('origin');
      const from = origin === undefined ? null : originIn(origin);
      const isOwn = origin === undefined || (from !== null && (from.all === host?.all || isAllowed(from.name)));
      if (!isOwn || (site !== undefined && site !== 'same-origin' && site !== 'none')) {
        throw problem(
          'crossOrigin',
          `a page of another origin (${(origin ?? `Sec-Fetch-Site: ${site}`).slice(0, 100)}) may not change anything here`,
          'Use the command line or a program. If a proxy in front of this API changes the Host header, add its name to ECS_IMPORT_HOST_NAMES of the API.',
        );
      }
    }
    await next();
  };
}

interface Host {
  /** In lower case, without the port. */
  readonly name: string;
  /** With the port, if it is not the default one. */
  readonly all: string;
}

/** Null if there is none. A name that is not valid is kept, and is no allowed one. */
function hostIn(header: string): Host | null {
  if (header === '') return null;
  return originIn(`http://${header}`) ?? { name: header.toLowerCase(), all: header.toLowerCase() };
}

/** Null for `null`, the origin of pages without one. */
function originIn(origin: string): Host | null {
  if (!URL.canParse(origin)) return null;
  const { hostname, host, protocol } = new URL(origin);
  if (protocol !== 'http:' && protocol !== 'https:') return null;
  return { name: hostname.replace(/\.$/, ''), all: host };
}

/** DNS rebinding needs a name: an address in `Host` is the one that the client connected to. */
function isLocal(name: string): boolean {
  return name === 'localhost' || name.endsWith('.localhost') || isIP(name.replace(/^\[|\]$/g, '')) !== 0;
}

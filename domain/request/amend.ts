/** `resume --set path=value`: what of a request may still change, and the request as amended. */
import type { ImportView, Phase } from '../import.js';
import { isObject } from '../json-value.js';
import type { ImportRequest, RequestProblem } from './request.js';
import { validateRequest } from './schema.js';

/** Paths (or their beginnings, ending in a dot) that still have an effect when an import goes on from this phase. */
const AMENDABLE: Readonly<Partial<Record<Phase, readonly string[]>>> = {
  preflight: [
    'imageName',
    'description',
    'architecture',
    'osType',
    'platform',
    'bootMode',
    'licenseType',
    'resourceGroupId',
    'roleName',
    'role',
    'tags.',
    'features.',
    'upload.',
    'detection.',
    'inspection.',
    'distribute.',
    'disks[',
  ],
  role: ['roleName', 'role', 'detection.', 'upload.keepObject', 'tags.', 'imageName', 'description', 'distribute.'],
  upload: ['roleName', 'detection.', 'upload.keepObject', 'tags.', 'imageName', 'description', 'distribute.'],
  import: [
    'imageName',
    'description',
    'platform',
    'licenseType',
    'resourceGroupId',
    'roleName',
    'tags.',
    'features.',
    'detection.',
    'upload.keepObject',
    'distribute.',
  ],
  detection: ['detection.', 'upload.keepObject', 'distribute.'],
  distribution: ['upload.keepObject', 'distribute.'],
  cleanup: ['upload.keepObject'],
};

export type Amendment =
  | { readonly ok: true; readonly request: unknown }
  | { readonly ok: false; readonly path: string; readonly reason: string };

export type AmendedRequest =
  /** Null: nothing was set. */
  | { readonly ok: true; readonly request: ImportRequest | null }
  /** `refused`: why a field cannot be set, in one line; null where all can, and what results is no valid request. */
  | { readonly ok: false; readonly refused: string | null; readonly problems: readonly RequestProblem[] };

/** The request of an import that stopped, with what was `set`, held to the rules of any request. */
export function amendedRequest(
  { request, phase, image }: Pick<ImportView, 'request' | 'phase' | 'image'>,
  set: Readonly<Record<string, unknown>>,
): AmendedRequest {
  if (Object.keys(set).length === 0) return { ok: true, request: null };
  // Once the image is under way, what it was made with can change no more.
  const amendment = amend(request, phase === 'import' && image !== null ? 'detection' : phase, set);
  if (!amendment.ok) {
    const { path, reason } = amendment;
    const given = JSON.stringify(set[path]);
    return {
      ok: false,
      refused: `${path}: ${reason}`,
      problems: [{ path, rule: 'amend', given, message: reason, vendorCode: null }],
    };
  }
  const checked = validateRequest(amendment.request);
  return checked.ok ? checked : { ok: false, refused: null, problems: checked.problems };
}

/** A copy of the request with `set` in it, by the paths that may still change; not validated: `amendedRequest` is. */
export function amend(request: unknown, phase: Phase, set: Readonly<Record<string, unknown>>): Amendment {
  const copy: unknown = structuredClone(request);
  const allowed = AMENDABLE[phase] ?? [];
  for (const [path, value] of Object.entries(set)) {
    const may = allowed.some((one) => (/[.[]$/.test(one) ? path.startsWith(one) : path === one));
    if (!may) {
      const list = allowed.map((one) => (/[.[]$/.test(one) ? `${one}…` : one)).join(', ');
      return { ok: false, path, reason: `cannot change any more in phase ${phase}; what can: ${list || 'nothing'}` };
    }
    if (!assign(copy, partsOf(path), value)) {
      return { ok: false, path, reason: 'there is no such field' };
    }
  }
  return { ok: true, request: copy };
}

/** A tag's key may hold dots and brackets itself. */
function partsOf(path: string): readonly string[] {
  if (path.startsWith('tags.')) return ['tags', path.slice('tags.'.length)];
  return path.split(/[.[\]]+/).filter((part) => part !== '');
}

/** The copy is ours to write to. */
function isWritable(value: unknown): value is Record<string, unknown> {
  return isObject(value);
}

function assign(target: unknown, parts: readonly string[], value: unknown): boolean {
  const [part, ...rest] = parts;
  if (part === undefined || !isWritable(target) || ['__proto__', 'constructor', 'prototype'].includes(part))
    return false;
  if (Array.isArray(target) && !(/^\d+$/.test(part) && part in target)) return false;
  if (rest.length === 0) {
    target[part] = value;
    return true;
  }
  target[part] ??= {};
  return assign(target[part], rest, value);
}

/** `resume --set path=value`: what of a request may still change, and the request as amended. */
import type { Phase } from './import.js';

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

/** Applies `set` to a copy of the request. The result still has to be validated as any request. */
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

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function assign(target: unknown, parts: readonly string[], value: unknown): boolean {
  const [part, ...rest] = parts;
  if (part === undefined || !isRecord(target) || ['__proto__', 'constructor', 'prototype'].includes(part)) return false;
  if (Array.isArray(target) && !(/^\d+$/.test(part) && part in target)) return false;
  if (rest.length === 0) {
    target[part] = value;
    return true;
  }
  target[part] ??= {};
  return assign(target[part], rest, value);
}

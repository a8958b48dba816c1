/**
 * Changed requests. `resume --set path=value`: which fields may change in which phase. `retry --set path=value`: all of them may.
 */
import { lookUp } from '../errors/index.js';
import type { ImportView, Phase } from '../import.js';
import { isObject, isRecord } from '../json-value.js';
import { usablePrefix } from '../object-location.js';
import { givenText } from './problems.js';
import type { ImportRequest, RequestProblem } from './request.js';
import { validateRequest } from './schema.js';

/** Paths, or path prefixes that end in a dot or bracket, that have an effect when an import resumes in this phase. */
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
  role: [
    'roleName',
    'role',
    'detection.',
    'upload.keepObject',
    'upload.endpoint',
    'tags.',
    'imageName',
    'description',
    'distribute.',
  ],
  upload: [
    'roleName',
    'detection.',
    'upload.keepObject',
    'upload.endpoint',
    'tags.',
    'imageName',
    'description',
    'distribute.',
  ],
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
    'upload.endpoint',
    'distribute.',
  ],
  detection: ['detection.', 'upload.keepObject', 'upload.endpoint', 'distribute.'],
  distribution: ['upload.keepObject', 'upload.endpoint', 'distribute.'],
  cleanup: ['upload.keepObject', 'upload.endpoint'],
};

export type Amendment =
  | { readonly ok: true; readonly request: unknown }
  | { readonly ok: false; readonly path: string; readonly reason: string };

export type AmendedRequest =
  /** Null: nothing changed. */
  | { readonly ok: true; readonly request: ImportRequest | null }
  /** `refused`: why a field cannot be set, in one line; null if all can be set but the resulting request is invalid. */
  | { readonly ok: false; readonly refused: string | null; readonly problems: readonly RequestProblem[] };

/**
 * Applies `set` to the request of a stopped import and validates the result. A resume continues in the phase that repairs the
 * cause, so fields of that phase may change too.
 */
export function amendedRequest(
  { request, phase, image, attention }: Pick<ImportView, 'request' | 'phase' | 'image' | 'attention'>,
  set: Readonly<Record<string, unknown>>,
): AmendedRequest {
  if (Object.keys(set).length === 0) return { ok: true, request: null };
  // After ImportImage was called, the settings of the image cannot change.
  const current = phase === 'import' && image !== null ? 'detection' : phase;
  const repairing = attention === null ? undefined : lookUp('own', attention.code)?.repairedIn;
  const amendment = amend(request, current, set, repairing);
  if (!amendment.ok) {
    const { path, reason } = amendment;
    const given = givenText(JSON.stringify(set[path]));
    return {
      ok: false,
      refused: `${path} ${reason}`,
      problems: [{ path, rule: 'amend', given, message: `${path} ${reason}`, vendorCode: null }],
    };
  }
  const checked = validateRequest(withUsablePrefix(amendment.request));
  return checked.ok ? checked : { ok: false, refused: null, problems: checked.problems };
}

export type ChangedRequest =
  | { readonly ok: true; readonly request: ImportRequest; readonly warnings: readonly RequestProblem[] }
  | { readonly ok: false; readonly problems: readonly RequestProblem[] };

/** The request of an earlier import with `set` applied, for a new import. All fields may change; `null` removes one. */
export function changedRequest(request: ImportRequest, set: Readonly<Record<string, unknown>>): ChangedRequest {
  const copy: unknown = structuredClone(request);
  const unknown = Object.entries(set).filter(([path, value]) => !assign(copy, partsOf(path), value ?? undefined));
  if (unknown.length > 0) {
    return {
      ok: false,
      problems: unknown.map(([path, value]) => ({
        ...{ path, rule: 'amend', given: givenText(JSON.stringify(value)) },
        ...{ message: `${path} is not a field of the request`, vendorCode: null },
      })),
    };
  }
  return validateRequest(withoutAbsent(withUsablePrefix(copy)));
}

/** A removed field is absent, and so is a removed disk. */
function withoutAbsent(value: unknown): unknown {
  if (Array.isArray(value)) return value.filter((one) => one !== undefined).map(withoutAbsent);
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, one]) => (one === undefined ? [] : [[name, withoutAbsent(one)]])),
  );
}

/** An earlier version accepted prefixes that the rules reject now. */
function withUsablePrefix(request: unknown): unknown {
  if (!isRecord(request) || !isRecord(request.upload) || typeof request.upload.prefix !== 'string') return request;
  return { ...request, upload: { ...request.upload, prefix: usablePrefix(request.upload.prefix) } };
}

/** A copy of the request with `set` applied to the fields that may change. Does not validate the result; `amendedRequest` does. */
export function amend(
  request: unknown,
  phase: Phase,
  set: Readonly<Record<string, unknown>>,
  repairing: Phase = phase,
): Amendment {
  const copy: unknown = structuredClone(request);
  const allowed = [...new Set([...(AMENDABLE[phase] ?? []), ...(AMENDABLE[repairing] ?? [])])];
  for (const [path, value] of Object.entries(set)) {
    const isAllowed = allowed.some((one) => (/[.[]$/.test(one) ? path.startsWith(one) : path === one));
    if (!isAllowed) {
      const list = allowed.map((one) => (/[.[]$/.test(one) ? `${one}…` : one)).join(', ');
      return { ok: false, path, reason: `cannot be changed in phase ${phase}. Fields that can: ${list || 'none'}` };
    }
    if (!assign(copy, partsOf(path), value)) {
      return { ok: false, path, reason: 'is not a field of the request' };
    }
  }
  return { ok: true, request: copy };
}

/** The key of a tag may contain dots and brackets. */
function partsOf(path: string): readonly string[] {
  if (path.startsWith('tags.')) return ['tags', path.slice('tags.'.length)];
  return path.split(/[.[\]]+/).filter((part) => part !== '');
}

/** Allows writing to the copy, whose type is read-only. */
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

/** The plan of a dry run: what would be sent, changed, created and paid, and where each setting comes from. */
import type { components } from '../client/api-types.js';
import { isObject } from '../domain/json-value.js';
import type { ImportRequest } from '../domain/request/request.js';
import { clean, duration, size } from './format.js';
import { fieldText } from './request-fields.js';
import { originOf, type RequestOrigins } from './request-origins.js';
import { indentedTable } from './table.js';

export type Plan = components['schemas']['Plan'];

export function isPlan(value: unknown): value is Plan {
  return (
    isObject(value) &&
    [value.disks, value.settings, value.copies, value.sharedWith].every(Array.isArray) &&
    isObject(value.role) &&
    isObject(value.estimate)
  );
}

/** @param origins null: the request was not made by this command */
export function planText(plan: Plan, request: ImportRequest, origins: RequestOrigins | null): string {
  return [
    clean(`plan of ${plan.imageName} in ${plan.region}: nothing was created`),
    `objects:\n${indentedTable(['disk', 'source', 'object', 'sent', 'image disk'], plan.disks.map(diskRow(request)))}`,
    clean(`role: ${roleText(plan.role)}`),
    `bytes to send: ${plan.bytesAtMost === null ? 'not known before the upload' : `at most ${size(plan.bytesAtMost)}`}`,
    `time: ${timeText(plan.estimate)}`,
    `cost: ${costText(plan.estimate.cost)}`,
    clean(`copies: ${plan.copies.length === 0 ? 'none' : plan.copies.join(', ')}`),
    ...(plan.sharedWith.length === 0 ? [] : [clean(`shared with: ${plan.sharedWith.join(', ')}`)]),
    clean(`object after the import: ${plan.keepsObject ? 'kept' : 'deleted, if this import uploaded it'}`),
    `settings:\n${indentedTable(['setting', 'value', 'origin'], settingRows(plan, request, origins))}`,
  ].join('\n');
}

type PlannedDisk = Plan['disks'][number];

const SENT_AS: Readonly<Record<string, string>> = {
  'as-is': 'as it is',
  converted: 'converted',
  'if-faster': 'as it is, or converted if the link is slow',
  unknown: 'decided on the worker',
};

function diskRow({ upload }: ImportRequest): (disk: PlannedDisk) => readonly string[] {
  return ({ disk, source, bucket, key, sentAs, format, bytesAtMost, diskImageSizeGiB }) => [
    String(disk),
    source,
    key === null ? `oss://${bucket}/${upload.prefix}… (new)` : `oss://${bucket}/${key} (exists)`,
    key === null
      ? [SENT_AS[sentAs] ?? sentAs, format, bytesAtMost === null ? null : size(bytesAtMost)]
          .filter((part) => part !== null)
          .join(', ')
      : 'nothing',
    diskImageSizeGiB === null ? '' : `${diskImageSizeGiB} GiB`,
  ];
}

function roleText({ mode, isReady, message }: Plan['role']): string {
  if (mode === 'skip') return 'not checked (role: skip)';
  if (isReady === true) return `no change${message === null ? '' : `; ${message}`}`;
  if (isReady === null) return `not known${message === null ? '' : `: ${message}`}`;
  return mode === 'ensure' ? `is created or completed: ${message}` : `must be created first: ${message}`;
}

function timeText({ uploadSeconds, importSeconds, fromImports }: Plan['estimate']): string {
  if (fromImports === 0 || (uploadSeconds === null && importSeconds === null)) {
    return 'not known: no import has ended here lately';
  }
  const parts = [
    ...(uploadSeconds === null ? [] : [`upload about ${duration(uploadSeconds * 1_000)}`]),
    ...(importSeconds === null ? [] : [`cloud about ${duration(importSeconds * 1_000)}`]),
  ];
  return `${parts.join(', ')} (from ${fromImports} recent ${fromImports === 1 ? 'import' : 'imports'})`;
}

function costText(cost: Plan['estimate']['cost']): string {
  if (cost === null) return 'not known: the operator has set no prices, or the size is not known';
  const { currency, storagePerMonth, traffic } = cost;
  const copies = traffic === 0 ? '' : `, ${traffic.toFixed(2)} ${currency} once for copies`;
  return `${storagePerMonth.toFixed(2)} ${currency} per month for storage${copies}`;
}

const ORIGINS: Readonly<Record<Plan['settings'][number]['origin'], string>> = {
  request: 'request',
  image: 'read from the image',
  derived: 'derived',
  cloud: 'default of the cloud',
};

/** Settings of this service, beside those of the image. */
const OWN_SETTINGS = [
  ...['upload.bucket', 'upload.prefix', 'upload.convert', 'upload.trim', 'upload.endpoint', 'role', 'roleName'],
  ...['detection.strategy', 'detection.failOn', 'inspection.failOn'],
] as const;

function settingRows(
  plan: Plan,
  request: ImportRequest,
  origins: RequestOrigins | null,
): readonly (readonly string[])[] {
  const given = (field: string) => (origins === null ? null : originOf(field, origins));
  const ofImage = plan.settings.map(({ field, value, origin, assumed }) => [
    field,
    value ?? assumed,
    origin === 'request' ? (given(field) ?? ORIGINS.request) : ORIGINS[origin],
  ]);
  const tags = Object.entries(request.tags).map(([key, value]) => [
    `tags.${key}`,
    value,
    given(`tags.${key}`) ?? ORIGINS.request,
  ]);
  const own = OWN_SETTINGS.flatMap((field) => {
    const value = valueAt(request, field);
    if (value === undefined) return [];
    const isDefault = fieldText(field).default === value;
    return [[field, value, given(field) ?? (isDefault || origins !== null ? 'default' : ORIGINS.request)]];
  });
  return [...ofImage, ...tags, ...own];
}

function valueAt(request: ImportRequest, field: string): string | undefined {
  const value = field.split('.').reduce<unknown>((at, name) => {
    return typeof at === 'object' && at !== null ? Reflect.get(at, name) : undefined;
  }, request);
  return value === undefined ? undefined : String(value);
}

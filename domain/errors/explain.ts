/** Completes the remedy of a failure with what is known about the import that failed. */
import type { Phase } from '../import.js';
import { cloudBoxIdOf } from '../oss-access.js';
import { amend } from '../request/amend.js';
import type { DiskRequest, ImportRequest } from '../request/request.js';
import { entryOf, factsOf } from './catalogue.js';
import type { CatalogueEntry } from './entry.js';
import type { Failure } from './failure.js';
import type { RemedyValues } from './placeholders.js';
import { redact } from './redact.js';
import { fill, remedyOf, type Situation } from './remedy.js';

export interface FailedImport {
  readonly importId: string;
  readonly phase: Phase;
  /** Null: not read yet. */
  readonly request: ImportRequest | null;
}

/** A remedy that does not come from the catalogue, and text that was added to one, stay as they are. */
export function explain(failure: Failure, failed: FailedImport, situation: Situation): Failure {
  const entry = entryOf(factsOf(failure));
  // The disk is set after the failure is made.
  const { disk: _, ...given } = factsOf(failure).values;
  const known = remedyOf(entry, given);
  if (!failure.remedy.startsWith(known)) return failure;
  const values = { ...valuesOf(failed, failure), ...given };
  const option = optionFor(entry, failed, values);
  const remedy = `${remedyOf(entry, values, situation)}${option}${failure.remedy.slice(known.length)}`;
  return { ...failure, remedy };
}

/** Offers a change of the request only if it has not been made and can be made in this phase. */
function optionFor({ option }: CatalogueEntry, { request, phase }: FailedImport, values: RemedyValues): string {
  if (option === undefined || request === null) return '';
  const { path, value, effect } = option;
  const amended = amend(request, phase, { [path]: value });
  if (!amended.ok || JSON.stringify(amended.request) === JSON.stringify(request)) return '';
  return ` ${fill(`Or run ecs-image-import resume {importId} --set ${path}=${value} ${effect}.`, values)}`;
}

function valuesOf({ importId, request }: FailedImport, { field, values }: Failure): RemedyValues {
  if (request === null) return { importId };
  const { region, imageName, roleName, storageLocationArn, upload } = request;
  const index = diskIndexOf(request, values?.disk ?? field);
  const disk = index === null ? undefined : request.disks[index];
  const object = objectOf(disk);
  return {
    ...{ importId, region, bucket: object?.bucket ?? upload.bucket },
    ...{ imageName, role: roleName ?? defaultRole(storageLocationArn) },
    ...(request.account === undefined ? {} : { account: request.account }),
    rolePolicy: storageLocationArn === undefined ? ROLES.ecs.policy : ROLES.cloudBox.policy,
    ...(storageLocationArn === undefined ? {} : { cloudBox: cloudBoxIdOf(storageLocationArn) }),
    ...(object === null ? {} : { object: `oss://${object.bucket}/${object.key}` }),
    ...(index === null ? {} : { disk: `disks[${index}]` }),
    ...(disk === undefined ? {} : valuesOfSource(disk.source)),
  };
}

/** The vendor's names (alibaba/import-role.ts). */
const ROLES = {
  ecs: { role: 'AliyunECSImageImportDefaultRole', policy: 'AliyunECSImageImportRolePolicy' },
  cloudBox: { role: 'AliyunECSCloudBoxImageImportDefaultRole', policy: 'AliyunECSCloudBoxImageImportRolePolicy' },
} as const;

function defaultRole(storageLocationArn: string | undefined): string {
  return storageLocationArn === undefined ? ROLES.ecs.role : ROLES.cloudBox.role;
}

function diskIndexOf({ disks }: ImportRequest, field: string | undefined): number | null {
  const named = /^disks\[(\d+)\]/.exec(field ?? '')?.[1];
  if (named !== undefined) return Number(named);
  return disks.length === 1 ? 0 : null;
}

function objectOf(disk: DiskRequest | undefined): { readonly bucket: string; readonly key: string } | null {
  const [, bucket, key] = /^oss:\/\/([^/]+)\/(.+)$/.exec(disk?.source ?? '') ?? [];
  return bucket === undefined || key === undefined ? null : { bucket, key: decoded(key) };
}

/** A file's path on the worker's host; of any other source, the name that a download of it has. */
function valuesOfSource(source: string): RemedyValues {
  const path = decoded(redact(source).replace(/^[a-z][a-z0-9+.-]*:\/\/[^/]*/i, ''));
  const name = path.slice(path.lastIndexOf('/') + 1);
  const local = /^file:/i.test(source) ? path : name;
  return {
    ...{ source: local, url: redact(source) },
    target: `${name.replace(/\.[^.]*$/, '') || 'disk'}-converted.qcow2`,
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

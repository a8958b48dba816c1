/**
 * The inspection that is stored with an uploaded object, for other imports that use the object. A later version of this program
 * may judge the same image differently, so the object is inspected again where an earlier version inspected it.
 */
import { formatObjectLocation } from '../../domain/object-location.js';
import type { Inspection } from '../../images/inspection.js';
import { sourceAt } from '../../sources/index.js';
import { isBelow, programVersion } from '../../store/program-version.js';
import type { SharedUpload } from '../../store/uploads.js';
import { inspectSource } from '../preflight-disk.js';
import { sourceAccess } from '../source-access.js';
import type { UploadContext } from './upload-context.js';

/** As stored. Null: by a version that did not store its own. */
interface StoredInspection {
  readonly inspection: Inspection;
  readonly readBy: string | null;
}

/** Earlier versions ignore the field. */
export function withReader(inspection: Inspection): Inspection & { readonly readBy: string } {
  return { ...inspection, readBy: programVersion() };
}

/** What this version reports about the complete object; null: it was not converted, so the inspection of its source applies. */
export async function inspectionOfObject(context: UploadContext, object: SharedUpload): Promise<Inspection | null> {
  const stored = readStored(object.inspection);
  if (stored === null) return null;
  const { readBy, inspection } = stored;
  if (readBy !== null && isCurrent(readBy)) return inspection;
  const { deps, step, input, disk, signal } = context;
  const location = formatObjectLocation(object);
  step.log('the object is inspected again: an earlier version inspected it', { location, readBy });
  const source = sourceAt(location, sourceAccess(deps, input.request.region));
  const current = await inspectSource(deps, input.request, disk.number, source, signal);
  if (current === null) return withoutGuest(inspection, `${location} cannot be read`);
  await deps.uploading.uploads.noteInspection(object.id, withReader(current));
  return current;
}

/** Of this version or, while workers are updated one by one, a later one. */
function isCurrent(readBy: string): boolean {
  const own = programVersion();
  return readBy === own || isBelow(own, readBy);
}

/** The format and the size of an object do not change. What an earlier version found in the guest does not count. */
function withoutGuest(inspection: Inspection, evidence: string): Inspection {
  const message = 'The guest in the uploaded object could not be inspected again after an upgrade';
  const remedy =
    'Allow oss:GetObject on the object, or delete the object: the next import of the image uploads it again.';
  const code = 'ECSIMPORT.GuestNotRead';
  return {
    ...inspection,
    findings: [{ code, severity: 'warning', message, evidence, remedy, source: 'inspection' }],
  };
}

function readStored(value: object | null): StoredInspection | null {
  if (value === null || !isInspection(value)) return null;
  const { readBy = null, ...inspection } = value;
  return { readBy, inspection };
}

/** `UploadStore.finish` stores an inspection without its type. */
function isInspection(value: object): value is Inspection & { readonly readBy?: string } {
  return 'format' in value && 'findings' in value;
}

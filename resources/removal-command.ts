/** The command with which an operator removes a resource manually. */
import type { LedgerEntry } from '../domain/ledger.js';
import { imageRemovalCommand, taskRemovalCommand } from './image.js';
import { uploadRemovalCommand } from './multipart-upload.js';
import { objectRemovalCommand } from './object.js';
import { snapshotRemovalCommand } from './snapshot.js';

/** Null for a resource of the account, which no import removes. */
export function removalCommand(entry: LedgerEntry, importId: string): string | null {
  switch (entry.kind) {
    case 'multipart-upload':
      return uploadRemovalCommand(entry);
    case 'object':
      return objectRemovalCommand(entry);
    case 'task':
      return taskRemovalCommand(entry);
    case 'image':
    case 'copy':
      return imageRemovalCommand(entry, importId);
    case 'snapshot':
      return snapshotRemovalCommand(entry);
    case 'role':
    case 'policy-attachment':
      return null;
  }
}

/** E.g. `image m-1 in cn-hangzhou`. */
export function describeResource(entry: LedgerEntry): string {
  const imageId = entry.kind === 'image' || entry.kind === 'copy' ? entry.detail.imageId : null;
  return `${entry.kind} ${imageId ?? entry.key} in ${entry.regionId}`;
}

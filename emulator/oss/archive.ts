/** An archived object is readable only after RestoreObject, and for a limited time. */
import type { ObjectRecord } from '../model.js';

const FROZEN_CLASSES = new Set(['Archive', 'ColdArchive', 'DeepColdArchive']);

export function isFrozen(object: ObjectRecord, now: number): boolean {
  if (!FROZEN_CLASSES.has(object.storageClass)) return false;
  return object.restore === null || now < object.restore.readyAt || now >= object.restore.expiresAt;
}

export function isArchived(object: ObjectRecord): boolean {
  return FROZEN_CLASSES.has(object.storageClass);
}

/** The current state of an emulated account, for debugging and tests: `GET /_emulator/state`. */
import { imageStatus, percentDone, taskStatus } from './ecs/lifecycle.js';
import { snapshotStatus } from './ecs/snapshots-of-images.js';
import type { World } from './world.js';

export function readState(world: World): unknown {
  const now = world.now();
  const { settings } = world;
  return {
    images: [...world.images.values()]
      .filter(({ removedAt }) => removedAt === null || now < removedAt)
      .map((image) => ({
        ...image,
        status: imageStatus(image, now),
        progress: percentDone(image.createdAt, image.readyAt, now),
      })),
    snapshots: [...world.snapshots.values()]
      .map((snapshot) => ({ ...snapshot, status: snapshotStatus(world, snapshot, now) }))
      .filter(({ status }) => status !== 'absent'),
    tasks: [...world.tasks.values()].map((task) => ({
      ...task,
      status: taskStatus(task, now, settings),
      progress: percentDone(task.createdAt, task.finishAt, now),
    })),
    buckets: [...world.buckets.values()],
    objects: [...world.objects.values()].map(({ segments: _, ...object }) => object),
    versions: [...world.versions.values()].map(({ object, ...version }) => ({
      ...version,
      isMarker: object === null,
      size: object?.size ?? 0,
    })),
    uploads: [...world.uploads.values()].map((upload) => {
      const parts = world.objectIndex.partsOf(upload.uploadId);
      return { ...upload, parts: parts.length, bytes: parts.reduce((sum, { size }) => sum + size, 0) };
    }),
    roles: [...world.roles.values()].map((role) => ({
      ...role,
      policies: [...world.attachments.values()]
        .filter(({ principal }) => principal.toLowerCase() === `role/${role.roleName}`.toLowerCase())
        .map(({ policyType, policyName }) => ({ policyType, policyName })),
    })),
    users: [...world.users.values()],
    settings,
  };
}

/** The package's entry `./inspect`: will a disk image boot on ECS, and if not, why. Needs no service and no account. */
import { createInspector } from './inspect-in-child.js';
import type { InspectImage } from './inspection.js';

export { FailureError } from '../domain/errors/failure.js';
export type { Finding, Severity } from '../domain/import.js';
export { createInspector, type InspectorOptions } from './inspect-in-child.js';
export type {
  ContainedDisk,
  ContainerFormat,
  InspectImage,
  Inspection,
  InspectOptions,
  VolumeFacts,
} from './inspection.js';

let inspect: InspectImage | null = null;

/**
 * Reads the image in a child process with limits on time and memory: an image is never trusted. Rejects with
 * `FailureError` if the file cannot be read at all; damage inside it is a finding. `createInspector` sets other limits.
 */
export const inspectImage: InspectImage = (file, options) => {
  inspect ??= createInspector();
  return inspect(file, options);
};

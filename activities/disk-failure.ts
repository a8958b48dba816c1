/** Which disk a failure is about: the catalogue speaks of any, or of the first. */
import { FailureError } from '../domain/errors/failure.js';

/** The same error, its field and remedy naming disk `number` (from 1) of the request. */
export function ofDisk(error: unknown, number: number): unknown {
  if (!(error instanceof FailureError)) return error;
  const { field, remedy } = error.failure;
  const named = (text: string) => text.replaceAll(/disks\[0?\]/g, `disks[${number - 1}]`);
  const blamed = field === undefined ? {} : { field: named(field) };
  return new FailureError({ ...error.failure, ...blamed, remedy: named(remedy) }, { cause: error });
}

/** Names the failed disk in a failure: the texts of the error catalogue name no disk number, or the first disk. */
import { FailureError } from '../domain/errors/failure.js';

/** The same error, with disk `number` (from 1) of the request in its field and remedy. */
export function ofDisk(error: unknown, number: number): unknown {
  if (!(error instanceof FailureError)) return error;
  const { field, remedy } = error.failure;
  const named = (text: string) => text.replaceAll(/disks\[0?\]/g, `disks[${number - 1}]`);
  const blamed = field === undefined ? {} : { field: named(field) };
  return new FailureError({ ...error.failure, ...blamed, remedy: named(remedy) }, { cause: error });
}

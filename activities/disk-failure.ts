/** Names the failed disk in a failure: the fields of the error catalogue name no disk number, or the first disk. */
import { FailureError } from '../domain/errors/failure.js';

/** The same error, about disk `number` (from 1) of the request. */
export function ofDisk(error: unknown, number: number): unknown {
  if (!(error instanceof FailureError)) return error;
  const { failure } = error;
  const disk = `disks[${number - 1}]`;
  const blamed = failure.field === undefined ? {} : { field: failure.field.replace(/^disks\[0?\]/, disk) };
  return new FailureError({ ...failure, ...blamed, values: { ...failure.values, disk } }, { cause: error });
}

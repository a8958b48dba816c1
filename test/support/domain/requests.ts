/** Base requests, which tests change field by field. */
import type { ImportRequest, RequestProblem } from '../../../domain/request/request.js';
import { validateRequest } from '../../../domain/request/schema.js';

export type Fields = Readonly<Record<string, unknown>>;

export function bodyWith(changes: Fields = {}): Fields {
  return {
    region: 'cn-hangzhou',
    imageName: 'web-01',
    disks: [{ source: 'file:///images/web-01.qcow2' }],
    upload: { bucket: 'my-bucket' },
    ...changes,
  };
}

export function problemsWith(changes: Fields): readonly RequestProblem[] {
  const checked = validateRequest(bodyWith(changes));
  return checked.ok ? [] : checked.problems;
}

export function acceptedWith(changes: Fields = {}): ImportRequest {
  const checked = validateRequest(bodyWith(changes));
  if (!checked.ok) throw new Error(`rejected: ${checked.problems.map((problem) => problem.message).join('; ')}`);
  return checked.request;
}

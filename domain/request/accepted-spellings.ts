/** Normalizes accepted alternative spellings: the vendor's deprecated fields, lower-case formats, and null for absent fields. */

import { givenText } from './problems.js';
import type { RequestProblem } from './request.js';

type Fields = Readonly<Record<string, unknown>>;

export interface NormalizedBody {
  readonly body: unknown;
  readonly problems: readonly RequestProblem[];
  readonly warnings: readonly RequestProblem[];
}

/** Null means absent, as in an empty field of a YAML manifest or in `resume --set description=null`. */
export function normalizeBody(given: unknown): NormalizedBody {
  const body = withoutNulls(given);
  if (!isFields(body) || !Array.isArray(body.disks)) return { body, problems: [], warnings: [] };
  const disks = body.disks.map((disk: unknown, index) => normalizeDisk(disk, `disks[${index}]`));
  return {
    body: { ...body, disks: disks.map((disk) => disk.body) },
    problems: disks.flatMap((disk) => disk.problems),
    warnings: disks.flatMap((disk) => disk.warnings),
  };
}

function normalizeDisk(disk: unknown, path: string): NormalizedBody {
  if (!isFields(disk)) return { body: disk, problems: [], warnings: [] };
  const problems: RequestProblem[] = [];
  const warnings: RequestProblem[] = [];
  const { DiskImSize, diskImSize, Device, device, ...fields } = disk;
  const body: Record<string, unknown> = { ...fields };

  const oldSize = DiskImSize ?? diskImSize;
  if (oldSize !== undefined) {
    const at = `${path}.${DiskImSize === undefined ? 'diskImSize' : 'DiskImSize'}`;
    if (body.diskImageSize !== undefined && body.diskImageSize !== oldSize) {
      const message = `${at} is ${givenText(oldSize)} and ${path}.diskImageSize is ${givenText(body.diskImageSize)}. Keep diskImageSize only`;
      problems.push({
        path: at,
        rule: 'disks.deprecated',
        given: givenText(oldSize),
        message,
        vendorCode: 'InvalidParameter',
      });
    }
    body.diskImageSize ??= oldSize;
    const message = `${at} is deprecated by the vendor and read as diskImageSize. Use diskImageSize`;
    warnings.push({ path: at, rule: 'disks.deprecated', given: givenText(oldSize), message, vendorCode: null });
  }
  const oldDevice = Device ?? device;
  if (oldDevice !== undefined) {
    const at = `${path}.${Device === undefined ? 'device' : 'Device'}`;
    const message = `${at} is deprecated by the vendor and ignored. The order of the disks decides`;
    warnings.push({ path: at, rule: 'disks.deprecated', given: givenText(oldDevice), message, vendorCode: null });
  }
  if (typeof body.format === 'string') body.format = body.format.toUpperCase();
  return { body, problems, warnings };
}

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isFields(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, field]) => field !== null && field !== undefined)
      .map(([name, field]) => [name, withoutNulls(field)]),
  );
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

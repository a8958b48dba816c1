/** Evaluates RAM policy documents for the permissions of an import, and shows their differences as a line diff. */
import { z } from 'zod';

const oneOrMore = z
  .union([z.string(), z.array(z.string())])
  .transform((value) => (typeof value === 'string' ? [value] : value));
const statement = z.object({
  Effect: z.string(),
  Action: oneOrMore.default([]),
  Resource: oneOrMore.default(['*']),
  Principal: z.record(z.string(), oneOrMore).optional(),
  Condition: z.unknown().optional(),
});
const document = z.object({
  Statement: z.union([z.array(statement), statement]).transform((value) => (Array.isArray(value) ? value : [value])),
});

export type Statement = z.infer<typeof statement>;

/** Null if the text is not a policy document. */
export function statementsOf(text: string | undefined): readonly Statement[] | null {
  try {
    return document.parse(JSON.parse(text ?? '')).Statement;
  } catch {
    return null;
  }
}

/** True if the service may assume the role. Conditions are assumed to be met, because only the cloud can evaluate them. */
export function trustsService(statements: readonly Statement[], service: string): boolean {
  const about = statements.filter(
    ({ Action, Principal }) =>
      matchesAny(Action, 'sts:AssumeRole') &&
      (Principal?.Service ?? []).some((name) => name === service || name === '*'),
  );
  return about.some(isAllow) && !about.some(isDeny);
}

export interface Permission {
  readonly action: string;
  readonly resource: string;
}

/** The wanted permissions that the statements do not allow. Conditions are assumed to be met, because only the cloud can evaluate them. */
export function missingPermissions(
  statements: readonly Statement[],
  wanted: readonly Permission[],
): { readonly denied: readonly Permission[]; readonly unmentioned: readonly Permission[] } {
  const about = (one: Permission) => statements.filter((statement) => covers(statement, one));
  return {
    denied: wanted.filter((one) => about(one).some(isDeny)),
    unmentioned: wanted.filter((one) => !about(one).some((statement) => isAllow(statement) || isDeny(statement))),
  };
}

function covers({ Action, Resource }: Statement, { action, resource }: Permission): boolean {
  return matchesAny(Action, action) && Resource.some((pattern) => coversResource(pattern, resource));
}

const isAllow = ({ Effect }: Statement) => Effect === 'Allow';
const isDeny = ({ Effect }: Statement) => Effect === 'Deny';

function matchesAny(patterns: readonly string[], action: string): boolean {
  return patterns.some((pattern) => wildcard(pattern, 'i').test(action));
}

/** Ignores region and account, which a policy may narrow: `acs:oss:REGION:ACCOUNT:bucket/key`. */
function coversResource(pattern: string, resource: string): boolean {
  if (pattern === '*') return true;
  const [, service = '', , , ...path] = pattern.split(':');
  const [, ownService = '', , , ...ownPath] = resource.split(':');
  return wildcard(service, 'i').test(ownService) && wildcard(path.join(':'), '').test(ownPath.join(':'));
}

function wildcard(pattern: string, flags: string): RegExp {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`, flags);
}

/** Line diff of the actual (`-`) and the wanted (`+`) document, as JSON with sorted keys; the empty string if they are equivalent. */
export function documentDiff(actual: string | undefined, wanted: object): string {
  const actualLines = prettyLines(parsed(actual));
  const wantedLines = prettyLines(wanted);
  const lines = lineDiff(actualLines, wantedLines);
  return lines.some((line) => !line.startsWith(' ')) ? lines.join('\n') : '';
}

function parsed(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '{}');
  } catch {
    return text;
  }
}

function prettyLines(value: unknown): readonly string[] {
  return JSON.stringify(sorted(value), null, 2).split('\n');
}

/** Sorts keys by name and lists by content, because the order of actions and statements has no meaning. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(sorted).sort((one, other) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1));
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}

/** Uses the longest common subsequence. Its quadratic cost is acceptable because policy documents are short. */
function lineDiff(own: readonly string[], meant: readonly string[]): readonly string[] {
  const common: number[][] = Array.from({ length: own.length + 1 }, () => new Array<number>(meant.length + 1).fill(0));
  const at = (row: number, column: number) => common[row]?.[column] ?? 0;
  for (let row = own.length - 1; row >= 0; row--) {
    for (let column = meant.length - 1; column >= 0; column--) {
      const cells = common[row];
      if (cells === undefined) continue;
      cells[column] =
        own[row] === meant[column] ? at(row + 1, column + 1) + 1 : Math.max(at(row + 1, column), at(row, column + 1));
    }
  }
  const lines: string[] = [];
  let row = 0;
  let column = 0;
  while (row < own.length || column < meant.length) {
    if (row < own.length && column < meant.length && own[row] === meant[column]) {
      lines.push(`  ${own[row]}`);
      row += 1;
      column += 1;
    } else if (row < own.length && (column >= meant.length || at(row + 1, column) >= at(row, column + 1))) {
      lines.push(`- ${own[row]}`);
      row += 1;
    } else {
      lines.push(`+ ${meant[column]}`);
      column += 1;
    }
  }
  return lines;
}

/** Parses and evaluates RAM policy documents. */

export interface PolicyDocument {
  readonly statements: readonly Statement[];
}

interface Statement {
  readonly effect: 'Allow' | 'Deny';
  readonly actions: readonly string[] | null;
  readonly notActions: readonly string[] | null;
  readonly resources: readonly string[];
  readonly services: readonly string[];
  readonly principals: readonly string[];
  readonly conditions: readonly Condition[];
}

interface Condition {
  readonly operator: string;
  readonly key: string;
  readonly values: readonly string[];
}

export type Verdict = 'allow' | 'explicit-deny' | 'implicit-deny';

/** Null if the text is not a valid policy document. A trust policy names principals; other policies name resources. */
export function parsePolicy(text: string, kind: 'permissions' | 'trust' = 'permissions'): PolicyDocument | null {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return null;
  }
  const root = fieldsOf(json);
  if (root === null || root.Version !== '1' || !Array.isArray(root.Statement)) return null;
  const statements: Statement[] = [];
  for (const item of root.Statement) {
    const fields = fieldsOf(item);
    const effect = fields?.Effect;
    if (fields === null || (effect !== 'Allow' && effect !== 'Deny')) return null;
    if (fields.Action === undefined && fields.NotAction === undefined) return null;
    if (kind === 'permissions' ? fields.Resource === undefined : fieldsOf(fields.Principal) === null) return null;
    const principal = fieldsOf(fields.Principal) ?? {};
    statements.push({
      effect,
      actions: fields.Action === undefined ? null : toStrings(fields.Action),
      notActions: fields.NotAction === undefined ? null : toStrings(fields.NotAction),
      resources: toStrings(fields.Resource),
      services: toStrings(principal.Service),
      principals: toStrings(principal.RAM),
      conditions: conditionsOf(fields.Condition),
    });
  }
  return { statements };
}

/** An explicit deny overrides every allow; the default is deny. `context` has condition keys such as `acs:SourceIp`. */
export function evaluate(
  documents: readonly PolicyDocument[],
  action: string,
  resource: string,
  context: Readonly<Record<string, string>> = {},
): Verdict {
  let verdict: Verdict = 'implicit-deny';
  for (const statement of documents.flatMap((document) => document.statements)) {
    if (!appliesTo(statement, action)) continue;
    if (!statement.resources.some((pattern) => wildcardMatch(pattern, resource, false))) continue;
    if (!statement.conditions.every((condition) => isMet(condition, context))) continue;
    if (statement.effect === 'Deny') return 'explicit-deny';
    verdict = 'allow';
  }
  return verdict;
}

/**
 * Whether a trust policy allows this service or this RAM principal (an ARN) to assume the role. A statement with a
 * condition that the context does not meet does not apply. `context` has condition keys such as `sts:ExternalId`.
 */
export function trusts(
  trust: PolicyDocument | null,
  principal: { readonly service?: string; readonly arn?: string },
  context: Readonly<Record<string, string>> = {},
): boolean {
  const applicable = (trust?.statements ?? []).filter(
    (statement) =>
      appliesTo(statement, 'sts:AssumeRole') &&
      statement.conditions.every((condition) => isMet(condition, context)) &&
      ((principal.service !== undefined && statement.services.includes(principal.service)) ||
        (principal.arn !== undefined &&
          statement.principals.some((arn) => principalMatches(arn, principal.arn ?? '')))),
  );
  return applicable.some(({ effect }) => effect === 'Allow') && !applicable.some(({ effect }) => effect === 'Deny');
}

/** `acs:ram::ID:root` matches every principal of that account. */
function principalMatches(pattern: string, arn: string): boolean {
  const account = /^acs:ram::(\d+|\*):root$/.exec(pattern)?.[1];
  if (account !== undefined) return account === '*' || arn.startsWith(`acs:ram::${account}:`);
  return wildcardMatch(pattern, arn, false);
}

function appliesTo(statement: Statement, action: string): boolean {
  if (statement.actions !== null) return statement.actions.some((pattern) => wildcardMatch(pattern, action, true));
  return !(statement.notActions ?? []).some((pattern) => wildcardMatch(pattern, action, true));
}

/** `*` matches any number of characters, `?` matches one. */
function wildcardMatch(pattern: string, text: string, ignoreCase: boolean): boolean {
  if (pattern === '*') return true;
  const escaped = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${escaped}$`, ignoreCase ? 'is' : 's').test(text);
}

const operators: Readonly<Record<string, (actual: string, expected: string) => boolean>> = {
  StringEquals: (actual, expected) => actual === expected,
  StringNotEquals: (actual, expected) => actual !== expected,
  StringEqualsIgnoreCase: (actual, expected) => actual.toLowerCase() === expected.toLowerCase(),
  StringLike: (actual, expected) => wildcardMatch(expected, actual, false),
  StringNotLike: (actual, expected) => !wildcardMatch(expected, actual, false),
  Bool: (actual, expected) => actual.toLowerCase() === expected.toLowerCase(),
  NumericEquals: (actual, expected) => Number(actual) === Number(expected),
  NumericLessThan: (actual, expected) => Number(actual) < Number(expected),
  NumericGreaterThan: (actual, expected) => Number(actual) > Number(expected),
  DateLessThan: (actual, expected) => Date.parse(actual) < Date.parse(expected),
  DateGreaterThan: (actual, expected) => Date.parse(actual) > Date.parse(expected),
  IpAddress: (actual, expected) => inNetwork(actual, expected),
  NotIpAddress: (actual, expected) => !inNetwork(actual, expected),
};

/** A condition is not met if the request has no value for the key, or if the operator is not supported. */
function isMet(condition: Condition, context: Readonly<Record<string, string>>): boolean {
  const actual = context[condition.key];
  const operator = operators[condition.operator];
  if (actual === undefined || operator === undefined) return false;
  const negative = condition.operator.includes('Not');
  return negative
    ? condition.values.every((value) => operator(actual, value))
    : condition.values.some((value) => operator(actual, value));
}

function inNetwork(address: string, network: string): boolean {
  const [base = '', bits = '32'] = network.split('/');
  const number = (text: string) => text.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  const size = 2 ** (32 - Number(bits));
  return Math.floor(number(address) / size) === Math.floor(number(base) / size);
}

function conditionsOf(value: unknown): readonly Condition[] {
  return Object.entries(fieldsOf(value) ?? {}).flatMap(([operator, keys]) =>
    Object.entries(fieldsOf(keys) ?? {}).map(([key, values]) => ({ operator, key, values: toStrings(values) })),
  );
}

function fieldsOf(value: unknown): Record<string, unknown> | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : null;
}

function toStrings(value: unknown): readonly string[] {
  if (value === undefined) return [];
  return (Array.isArray(value) ? value : [value]).map(String);
}

/** The rules for the sources of disks, in a table by URL scheme; `sources/index.ts` has the code that reads them. */
import { parseObjectLocation } from '../object-location.js';
import { BUCKET_RULES, brokenRules, OBJECT_PATH_RULES, type TextRule, utf8Length } from './text-rules.js';

/** The suffixes of disk images; the cloud refuses objects with any other one (UnsupportedSuffix.OSSObject). */
const IMAGE_SUFFIXES: readonly string[] = ['raw', 'img', 'vhd', 'qcow2', 'vmdk'];
const OBJECT_KEY_MAX_BYTES = 1023;

export interface SourceProblem {
  readonly rule: string;
  readonly message: string;
  readonly vendorCode: string | null;
}

interface SchemeRules {
  problems(url: URL, source: string): readonly SourceProblem[];
  /** What a user should know about a source that is accepted. */
  warning?(url: URL): SourceProblem | null;
  /** The host whose worker reads the source; the empty string: the host of the API. Absent: any worker can read it. */
  host?(url: URL): string;
}

const WEB: SchemeRules = { problems: webProblems, warning: webWarning };

const BY_SCHEME: Readonly<Record<string, SchemeRules>> = {
  'file:': { problems: fileProblems, host: ({ host }) => (host === 'localhost' ? '' : host) },
  'http:': WEB,
  'https:': WEB,
  'oss:': { problems: objectProblems },
};

const EXPECTED = 'use file:///path, https://host/path or oss://bucket/key';

export function sourceProblems(source: string): readonly SourceProblem[] {
  const url = parse(source);
  if (url === null) return [plain('url', `must be a URL: ${EXPECTED}`)];
  const rules = BY_SCHEME[url.protocol];
  if (rules === undefined) return [plain('scheme', `cannot be read from ${url.protocol}//; ${EXPECTED}`)];
  return rules.problems(url, source);
}

export function sourceWarning(source: string): SourceProblem | null {
  const url = parse(source);
  return url === null ? null : (BY_SCHEME[url.protocol]?.warning?.(url) ?? null);
}

/** The host whose worker reads the source, the empty string for the API's own; null where any worker can read it. */
export function workerHostOf(source: string): string | null {
  const url = parse(source);
  return url === null ? null : (BY_SCHEME[url.protocol]?.host?.(url) ?? null);
}

function fileProblems(url: URL): readonly SourceProblem[] {
  const problems: SourceProblem[] = [];
  if (url.search !== '' || url.hash !== '') {
    problems.push(plain('file.path', 'contains “?” or “#”: write %3F and %23 instead'));
  }
  if (url.pathname === '/' || url.pathname.endsWith('/')) {
    problems.push(plain('file.path', 'is a folder: give the path of one disk image, such as file:///path/image.qcow2'));
  }
  if (/%(2f|00)/i.test(url.pathname) || !decodes(url.pathname)) {
    problems.push(plain('file.path', 'contains an escape that a path cannot have (%2F, %00, or an invalid one)'));
  }
  return problems;
}

function webProblems(url: URL): readonly SourceProblem[] {
  if (url.username === '' && url.password === '') return [];
  return [
    plain(
      'credentials',
      'contains a user name or password, and requests are stored: remove them, and name a credential of the worker (disks[].credential)',
    ),
  ];
}

function webWarning(url: URL): SourceProblem | null {
  if (!/[?&](x-(amz|oss|goog)-)?(signature|security-token|sig|token|key)=/i.test(url.search)) return null;
  return plain(
    'signedUrl',
    'is a signed URL: it must be valid until the upload ends; its query is stored encrypted where the service has payload keys, and never shown',
  );
}

function objectProblems(_url: URL, source: string): readonly SourceProblem[] {
  const object = parseObjectLocation(source);
  if (object === null) {
    return [
      coded(
        'object.key',
        'is not an object: write oss://bucket/key, with %3F, %23 and %25 for “?”, “#” and “%” in the key',
        'InvalidOSSObject.Malformed',
      ),
    ];
  }
  const { bucket, key } = object;
  const problems = brokenRules(BUCKET_RULES, bucket).map(({ message }) =>
    coded('object.bucket', `names bucket “${bucket}”, which ${message}`, 'InvalidOSSBucket.Malformed'),
  );
  problems.push(
    ...brokenRules(OBJECT_KEY_RULES, key).map(({ name, message }) =>
      coded(`object.${name}`, message, 'InvalidOSSObject.Malformed'),
    ),
  );
  const suffix = /\.([^./]*)$/.exec(key)?.[1]?.toLowerCase();
  if (suffix !== undefined && !IMAGE_SUFFIXES.includes(suffix)) {
    const endings = IMAGE_SUFFIXES.map((one) => `.${one}`).join(', ');
    problems.push(
      coded(
        'object.suffix',
        `ends in “.${suffix}”; the cloud imports only objects that end in ${endings}`,
        'UnsupportedSuffix.OSSObject',
      ),
    );
  }
  return problems;
}

const OBJECT_KEY_RULES: readonly TextRule[] = [
  {
    name: 'key',
    holds: (key) => key !== '' && !key.endsWith('/'),
    message: 'names a bucket or a folder: give one object, as oss://bucket/key',
  },
  ...OBJECT_PATH_RULES.map(({ name, holds, message }) => ({
    name: `key.${name}`,
    holds,
    message: `has a key that ${message}`,
  })),
  {
    name: 'key.length',
    holds: (key) => utf8Length(key) <= OBJECT_KEY_MAX_BYTES,
    message: `has a key of more than ${OBJECT_KEY_MAX_BYTES} bytes`,
  },
];

function plain(rule: string, message: string): SourceProblem {
  return { rule, message, vendorCode: null };
}

function coded(rule: string, message: string, vendorCode: string): SourceProblem {
  return { rule, message, vendorCode };
}

function parse(source: string): URL | null {
  try {
    return new URL(source);
  } catch {
    return null;
  }
}

function decodes(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

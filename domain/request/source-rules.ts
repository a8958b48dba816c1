/** The rules for where a disk's bytes come from: files of a worker's host, web servers, and objects that are in OSS already. */
import { parseObjectLocation } from '../object-location.js';
import { BUCKET_RULES, brokenRules, type TextRule, utf8Length } from './text-rules.js';

/** What the names of disk images end in; the cloud refuses objects with another ending (UnsupportedSuffix.OSSObject). */
const IMAGE_SUFFIXES: readonly string[] = ['raw', 'img', 'vhd', 'qcow2', 'vmdk'];
const OBJECT_KEY_MAX_BYTES = 1023;

export interface SourceProblem {
  readonly rule: string;
  readonly message: string;
  readonly vendorCode: string | null;
}

export function sourceProblems(source: string): readonly SourceProblem[] {
  const url = parse(source);
  if (url === null) {
    return [plain('url', 'has to be a URL: file:///path, https://host/path or oss://bucket/key')];
  }
  switch (url.protocol) {
    case 'file:':
      return fileProblems(url);
    case 'http:':
    case 'https:':
      return webProblems(url);
    case 'oss:':
      return objectProblems(source);
    default:
      return [
        plain(
          'scheme',
          `cannot be read from ${url.protocol}//; use file:///path, https://host/path or oss://bucket/key`,
        ),
      ];
  }
}

/** What a source of this kind is good to know, although it is taken. */
export function sourceWarning(source: string): SourceProblem | null {
  const url = parse(source);
  if (url === null || !url.protocol.startsWith('http')) return null;
  if (/[?&](x-(amz|oss|goog)-)?(signature|security-token|sig|token|key)=/i.test(url.search)) {
    return plain('signedUrl', 'is a signed URL: it is kept in the record and shown to whoever may read the import');
  }
  return null;
}

function fileProblems(url: URL): readonly SourceProblem[] {
  const problems: SourceProblem[] = [];
  if (url.search !== '' || url.hash !== '') {
    problems.push(plain('file.path', 'is a path with “?” or “#” in it: write %3F and %23 for them'));
  }
  if (url.pathname === '/' || url.pathname.endsWith('/')) {
    problems.push(plain('file.path', 'names a folder: give the path of one disk image, as file:///path/image.qcow2'));
  }
  if (/%(2f|00)/i.test(url.pathname) || !decodes(url.pathname)) {
    problems.push(plain('file.path', 'holds an escape that no path can hold (%2F, %00, or a broken one)'));
  }
  return problems;
}

function webProblems(url: URL): readonly SourceProblem[] {
  if (url.username === '' && url.password === '') return [];
  return [
    plain(
      'credentials',
      'holds a user name or password, and requests are kept: use a URL that needs none, or a signed one',
    ),
  ];
}

function objectProblems(source: string): readonly SourceProblem[] {
  const object = parseObjectLocation(source);
  if (object === null) {
    return [
      coded(
        'object.key',
        'is no object: write oss://bucket/key, with %3F, %23 and %25 for “?”, “#” and “%” in the key',
        'InvalidOSSObject.Malformed',
      ),
    ];
  }
  const { bucket, key } = object;
  const problems = brokenRules(BUCKET_RULES, bucket).map(({ message }) =>
    coded('object.bucket', `names the bucket “${bucket}”, which ${message}`, 'InvalidOSSBucket.Malformed'),
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
        `ends in “.${suffix}”; the cloud imports objects that end in ${endings}`,
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
  {
    name: 'key.start',
    holds: (key) => !/^[/\\]/.test(key),
    message: 'has a key that starts with “/” or “\\”, which OSS does not take',
  },
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

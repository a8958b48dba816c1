/** The formats of a batch file, and their media types. */

export const BATCH_FORMATS = ['json', 'jsonl', 'csv', 'yaml'] as const;
export type BatchFormat = (typeof BATCH_FORMATS)[number];

/** The media type under which each format is sent. */
export const MEDIA_TYPES: Readonly<Record<BatchFormat, string>> = {
  json: 'application/json',
  jsonl: 'application/jsonl',
  csv: 'text/csv',
  yaml: 'application/yaml',
};

const ALSO: ReadonlyMap<string, BatchFormat> = new Map<string, BatchFormat>(
  Object.entries({
    'application/x-ndjson': 'jsonl',
    'application/ndjson': 'jsonl',
    'application/x-jsonlines': 'jsonl',
    'application/x-yaml': 'yaml',
    'text/yaml': 'yaml',
  } as const),
);

/** The parameters that change nothing: files are UTF-8, and a CSV file always has a header. */
const PARAMETER = /^[ \t]*(charset[ \t]*=[ \t]*("utf-?8"|utf-?8)|header[ \t]*=[ \t]*"?present"?)[ \t]*$/i;

/** Null for any other type. */
export function formatOf(contentType: string): BatchFormat | null {
  const [type = '', ...parameters] = contentType.split(';');
  if (!parameters.every((parameter) => PARAMETER.test(parameter))) return null;
  const name = type.trim().toLowerCase();
  return BATCH_FORMATS.find((format) => MEDIA_TYPES[format] === name) ?? ALSO.get(name) ?? null;
}

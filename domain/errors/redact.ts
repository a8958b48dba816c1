/** Removes secrets from messages: errors of the SDKs quote whole requests, errors of the gateway the string to sign. */

const RULES: readonly (readonly [RegExp, string])[] = [
  // A request's query: names, tokens, signatures, policy documents.
  [/(https?:\/\/[^\s?]+)\?\S+/gi, '$1'],
  [/(https?:\/\/)[^\s/@]+@/gi, '$1'],
  // SignatureDoesNotMatch returns the string to sign, which contains the whole query.
  [/(string to sign(?: is)?\s*:?\s*)\S.*/gis, '$1…'],
  [
    /((?:access_?key_?secret|security-?token|signature|credential|password|authorization)\s*["']?\s*[=:]\s*["']?)[^\s,&"']+/gi,
    '$1…',
  ],
  [/((?:AccessKeySecret|SecurityToken|Signature)%3D)[^\s,&"']+/gi, '$1…'],
  // The last characters identify an access key id.
  [/\b(LTAI|STS\.)[A-Za-z0-9]{6,}(?=[A-Za-z0-9]{4}\b)/g, '$1…'],
];

export function redact(message: string): string {
  return RULES.reduce((text, [pattern, replacement]) => text.replace(pattern, replacement), message);
}

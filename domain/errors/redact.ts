/** Keeps secrets out of messages: the SDKs' errors quote whole requests, and the gateway's the text that was signed. */

const RULES: readonly (readonly [RegExp, string])[] = [
  // A request's query: names, tokens, signatures, policy documents.
  [/(https?:\/\/[^\s?]+)\?\S+/gi, '$1'],
  [/(https?:\/\/)[^\s/@]+@/gi, '$1'],
  // SignatureDoesNotMatch answers with the text it signed, which is the whole query once more.
  [/(string to sign(?: is)?\s*:?\s*)\S.*/gis, '$1…'],
  [
    /((?:access_?key_?secret|security-?token|signature|credential|password|authorization)\s*["']?\s*[=:]\s*["']?)[^\s,&"']+/gi,
    '$1…',
  ],
  [/((?:AccessKeySecret|SecurityToken|Signature)%3D)[^\s,&"']+/gi, '$1…'],
  // Of a key's id the end is enough to tell which one it is.
  [/\b(LTAI|STS\.)[A-Za-z0-9]{6,}(?=[A-Za-z0-9]{4}\b)/g, '$1…'],
];

export function redact(message: string): string {
  return RULES.reduce((text, [pattern, replacement]) => text.replace(pattern, replacement), message);
}

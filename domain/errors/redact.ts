/** Removes secrets from messages: errors of the SDKs quote whole requests, errors of the gateway the string to sign. */

/** Each pattern takes linear time: no part of it scans text again that another start of a match scanned. */
const RULES: readonly (readonly [RegExp, string])[] = [
  // A request's query: names, tokens, signatures, policy documents.
  [/(https?:\/\/[^\s?]*)(\?\S*)?/gi, '$1'],
  [/(https?:\/\/)[^\s/@]+@/gi, '$1'],
  // SignatureDoesNotMatch returns the string to sign, which contains the whole query.
  [/(string to sign(?: is)?\s{0,20}:?\s{0,20}).+/gis, '$1…'],
  [
    /((?:access_?key_?secret|security-?token|signature|credential|password|authorization)\s{0,20}["']?\s{0,20}[=:]\s{0,20}["']?)[^\s,&"']+/gi,
    '$1…',
  ],
  [/((?:AccessKeySecret|SecurityToken|Signature)%3D)[^\s,&"']+/gi, '$1…'],
  // The last characters identify an access key id.
  [/\b(LTAI|STS\.)[A-Za-z0-9]{6,}(?=[A-Za-z0-9]{4}\b)/g, '$1…'],
];

/** Longer messages are cut: redaction blocks the event loop. */
const MESSAGE_MAX = 16_384;
/** The last word of a cut text may be the beginning of a secret that no rule recognizes. */
const CUT_WORD = /\S{0,256}$/;

/** @param max characters of the message that are kept */
export function redact(message: string, max = MESSAGE_MAX): string {
  const kept =
    message.length <= max
      ? message
      : `${message.slice(0, max - 256)}${message.slice(max - 256, max).replace(CUT_WORD, '')}…`;
  return RULES.reduce((text, [pattern, replacement]) => text.replace(pattern, replacement), kept);
}

/** The bytes of a chunk in pieces, without a copy. @param maxBytes of a piece; may be infinite */
export function* piecesOf(chunk: Uint8Array, maxBytes: number): Generator<Uint8Array> {
  for (let at = 0; at < chunk.byteLength; at += maxBytes) yield chunk.subarray(at, at + maxBytes);
}

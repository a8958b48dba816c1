/** ClientToken: the same token and parameters give the first answer again, other parameters an error. */
import { ApiError } from '../errors.js';
import { type ApiAnswer, type ApiCall, given } from '../rpc-call.js';
import { sha256Hex } from '../signature/encoding.js';
import { importError } from './import-errors.js';

/** The first answer under the call's token, if it was used before. */
export function answerUnderToken(call: ApiCall): ApiAnswer | null {
  const id = tokenId(call);
  if (id === null) return null;
  const known = call.world.tokens.get(id);
  if (known === undefined) return null;
  if (known.expiresAt <= call.now) {
    call.world.tokens.remove(id);
    return null;
  }
  if (known.fingerprint !== fingerprint(call)) {
    const message = 'The request uses the same client token as a previous, but non-identical request.';
    throw new ApiError(400, 'IdempotentParameterMismatch', message);
  }
  return known.answer;
}

export function rememberAnswer(call: ApiCall, answer: ApiAnswer): ApiAnswer {
  const id = tokenId(call);
  if (id !== null) {
    const expiresAt = call.now + call.world.settings.clientTokenSeconds * 1000;
    call.world.tokens.put(id, { id, fingerprint: fingerprint(call), answer, expiresAt });
  }
  return answer;
}

function tokenId(call: ApiCall): string | null {
  const token = given(call, 'ClientToken');
  if (token === undefined) return null;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the vendor's rule is "ASCII characters", all of them.
  if (token.length > 64 || !/^[\x00-\x7f]*$/.test(token)) throw importError('InvalidClientToken.Malformed');
  return [call.action, call.params.RegionId ?? '', token].join('|');
}

function fingerprint(call: ApiCall): string {
  const params = Object.entries(call.params)
    .filter(([name]) => name !== 'ClientToken')
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return sha256Hex(JSON.stringify(params));
}

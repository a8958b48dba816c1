/** ClientToken: the same token with the same parameters returns the first response; with other parameters, an error. */
import { ApiError } from '../errors.js';
import { type ApiAnswer, type ApiCall, given } from '../rpc-call.js';
import { sha256Hex } from '../signature/encoding.js';
import { importError } from './import-errors.js';

/**
 * Runs the action once for each token. The action itself calls `storeAnswer` in the same synchronous step in which it
 * creates its resources. Errors are not stored, so that the client can retry with the same token.
 */
export async function withClientToken(call: ApiCall, run: () => ApiAnswer | Promise<ApiAnswer>): Promise<ApiAnswer> {
  const id = tokenId(call);
  if (id === null) return run();
  const { runningTokens } = call.world;
  const current = fingerprint(call);
  const known = knownToken(call, id);
  const previous = known?.fingerprint ?? runningTokens.get(id);
  if (previous !== undefined && previous !== current) {
    const message = 'The request uses the same client token as a previous, but non-identical request.';
    throw new ApiError(400, 'IdempotentParameterMismatch', message);
  }
  if (known !== null) return known.answer;
  if (previous !== undefined) {
    throw new ApiError(403, 'IdempotentProcessing', 'The previous idempotent request(s) is still processing.');
  }
  runningTokens.set(id, current);
  try {
    return await run();
  } finally {
    runningTokens.delete(id);
  }
}

export function storeAnswer(call: ApiCall, answer: ApiAnswer): ApiAnswer {
  const id = tokenId(call);
  if (id !== null) {
    const expiresAt = call.now + call.world.settings.clientTokenSeconds * 1000;
    call.world.tokens.put(id, { id, fingerprint: fingerprint(call), answer, expiresAt });
  }
  return answer;
}

function knownToken(call: ApiCall, id: string) {
  const known = call.world.tokens.get(id);
  if (known === undefined) return null;
  if (known.expiresAt > call.now) return known;
  call.world.tokens.remove(id);
  return null;
}

/** Tokens are case-sensitive and separate for each action and region. */
function tokenId(call: ApiCall): string | null {
  const token = given(call, 'ClientToken');
  if (token === undefined) return null;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the vendor's rule is "ASCII characters", without exceptions.
  if (token.length > 64 || !/^[\x00-\x7f]*$/.test(token)) throw importError('InvalidClientToken.Malformed');
  return [call.action, call.params.RegionId ?? '', token].join('|');
}

function fingerprint(call: ApiCall): string {
  const params = Object.entries(call.params)
    .filter(([name]) => name !== 'ClientToken')
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return sha256Hex(JSON.stringify(params));
}

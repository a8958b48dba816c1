/** ClientToken: the same token and parameters give the first answer again, other parameters an error. */
import { ApiError } from '../errors.js';
import { type ApiAnswer, type ApiCall, given } from '../rpc-call.js';
import { sha256Hex } from '../signature/encoding.js';
import { importError } from './import-errors.js';

/**
 * Does the work once for each token. It is the work that calls `rememberAnswer`, together with what it makes: nothing
 * may come between the two. What was refused is not remembered, so that it can be asked for again.
 */
export async function oncePerToken(call: ApiCall, work: () => ApiAnswer | Promise<ApiAnswer>): Promise<ApiAnswer> {
  const id = tokenId(call);
  if (id === null) return work();
  const { runningTokens } = call.world;
  const asked = fingerprint(call);
  const known = knownToken(call, id);
  const before = known?.fingerprint ?? runningTokens.get(id);
  if (before !== undefined && before !== asked) {
    const message = 'The request uses the same client token as a previous, but non-identical request.';
    throw new ApiError(400, 'IdempotentParameterMismatch', message);
  }
  if (known !== null) return known.answer;
  if (before !== undefined) {
    throw new ApiError(403, 'IdempotentProcessing', 'The previous idempotent request(s) is still processing.');
  }
  runningTokens.set(id, asked);
  try {
    return await work();
  } finally {
    runningTokens.delete(id);
  }
}

export function rememberAnswer(call: ApiCall, answer: ApiAnswer): ApiAnswer {
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

/** Tokens are case-sensitive, and their own for each action and region. */
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

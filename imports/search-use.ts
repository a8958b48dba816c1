/** Starts workflows with search attributes where the namespace has them, and without them elsewhere. */
import { isGrpcServiceError } from '@temporalio/client';

export interface SearchUse {
  /** True if the namespace has the search attributes. */
  isUsable(): boolean;
  /** The server has refused them. */
  refused(): void;
}

export const WITHOUT_SEARCH: SearchUse = { isUsable: () => false, refused: () => undefined };

/** @param start is called again without search attributes if the server refuses them */
export async function withSearch<T>(search: SearchUse, start: (has: boolean) => Promise<T>): Promise<T> {
  if (!search.isUsable()) return await start(false);
  try {
    return await start(true);
  } catch (error) {
    if (!isRefusal(error)) throw error;
    search.refused();
    return await start(false);
  }
}

const INVALID_ARGUMENT = 3;

/** A server that has just got them may refuse them for some seconds. */
function isRefusal(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (isGrpcServiceError(cause) && cause.code === INVALID_ARGUMENT && /search attribute/i.test(cause.details)) {
      return true;
    }
  }
  return false;
}

/** The repetition of statements whose prepared plan was outdated by a migration. */

/** The error code for a prepared statement whose table was changed by a migration. */
const PLAN_IS_OUTDATED = '0A000';

/** More than the connections of a pool: each of them may have outdated plans. */
const MAX_ATTEMPTS = 100;

/** Retries a statement or transaction that failed because of an outdated plan and therefore had no effect. */
export async function withFreshPlans<T>(run: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await run();
    } catch (error) {
      if (!isOutdated(error) || attempt === MAX_ATTEMPTS) throw error;
    }
  }
}

export function isOutdated(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === PLAN_IS_OUTDATED;
}

/** Connections that have the server parse and plan each statement once, not each time: most of what a short one costs. */
import pg from 'pg';

/** The server says so when a migration has changed a table under a statement that was prepared before. */
const PLAN_IS_OUTDATED = '0A000';

/** The same text has the same name on every connection of this process. */
const names = new Map<string, string>();

function nameOf(text: string): string {
  const known = names.get(text) ?? `statement-${names.size + 1}`;
  names.set(text, known);
  return known;
}

type Query = (...args: unknown[]) => unknown;
type Callback = (error: unknown, result?: unknown) => void;

class PreparedClient extends pg.Client {
  /** Part of every name: counts up when the plans of this connection are outdated. */
  private generation = 0;

  // With all overloads of the one that it replaces: only statements with values are prepared, the others pass.
  override query: pg.Client['query'] = ((text: unknown, values: unknown, callback?: unknown) => {
    const query = super.query.bind(this) as Query;
    if (typeof text !== 'string' || !Array.isArray(values)) return query(text, values, callback);
    const statement = { name: `${nameOf(text)}-${this.generation}`, text, values };
    if (typeof callback === 'function') {
      const tell = callback as Callback;
      return query(statement, (error: unknown, result: unknown) => tell(this.noticing(error), result));
    }
    return (query(statement) as Promise<unknown>).catch((error: unknown) => {
      throw this.noticing(error);
    });
  }) as pg.Client['query'];

  private noticing(error: unknown): unknown {
    if (isOutdated(error)) this.generation += 1;
    return error;
  }
}

export class PreparedPool extends pg.Pool {
  constructor(config: pg.PoolConfig) {
    super({ ...config, Client: PreparedClient });
  }

  override query: pg.Pool['query'] = ((...args: unknown[]) => {
    const query = super.query.bind(this) as (...args: unknown[]) => Promise<unknown>;
    return withFreshPlans(() => query(...args));
  }) as pg.Pool['query'];
}

/** More connections than a pool has: each may have to learn of it. */
const TRIES = 100;

/** Repeats what fails because a plan is outdated: nothing of it has happened. */
export async function withFreshPlans<T>(run: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await run();
    } catch (error) {
      if (!isOutdated(error) || tries === TRIES) throw error;
    }
  }
}

function isOutdated(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === PLAN_IS_OUTDATED;
}

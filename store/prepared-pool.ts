/** Connections with prepared statements: the server parses and plans each statement once, which is most of the cost of a short one. */
import pg from 'pg';
import { ofDatabase } from './database-errors.js';

/** The error code for a prepared statement whose table was changed by a migration. */
const PLAN_IS_OUTDATED = '0A000';

/** Statement names by SQL text, shared by all connections of this process. */
const names = new Map<string, string>();

function nameOf(text: string): string {
  const known = names.get(text) ?? `statement-${names.size + 1}`;
  names.set(text, known);
  return known;
}

type Query = (...args: unknown[]) => unknown;
type Callback = (error: unknown, result?: unknown) => void;

function rethrow(error: unknown): never {
  throw ofDatabase(error);
}

class PreparedClient extends pg.Client {
  /** Part of every statement name; incremented when the plans of this connection are outdated. */
  private generation = 0;

  // Typed with all overloads of the original. Only statements with values are prepared; other calls are passed through.
  override query: pg.Client['query'] = ((text: unknown, values: unknown, callback?: unknown) => {
    const query = super.query.bind(this) as Query;
    if (typeof text !== 'string' || !Array.isArray(values)) {
      const answer = query(text, values, callback);
      return answer instanceof Promise ? answer.catch(rethrow) : answer;
    }
    const statement = { name: `${nameOf(text)}-${this.generation}`, text, values };
    if (typeof callback === 'function') {
      const done = callback as Callback;
      return query(statement, (error: unknown, result: unknown) => done(this.noteOutdated(error), result));
    }
    return (query(statement) as Promise<unknown>).catch((error: unknown) => {
      throw ofDatabase(this.noteOutdated(error));
    });
  }) as pg.Client['query'];

  private noteOutdated(error: unknown): unknown {
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
    return withFreshPlans(() => query(...args)).catch(rethrow);
  }) as pg.Pool['query'];

  // Typed with both overloads of the original. Only the pool itself calls it with a callback.
  override connect: pg.Pool['connect'] = ((callback?: Callback) => {
    const connect = super.connect.bind(this) as (callback?: Callback) => unknown;
    const connected = connect(callback);
    return connected instanceof Promise ? connected.catch(rethrow) : connected;
  }) as pg.Pool['connect'];
}

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

function isOutdated(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === PLAN_IS_OUTDATED;
}

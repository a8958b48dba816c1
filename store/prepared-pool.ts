/** Connections with prepared statements: the server parses and plans each statement once, which is most of the cost of a short one. */
import pg from 'pg';
import { connectionSettings } from '../config/database.js';
import { surviveLoss, usePasswordFile } from './client.js';
import { ofDatabase } from './database-errors.js';
import { isOutdated, withFreshPlans } from './fresh-plans.js';
import { createReadGates, type ReadGates } from './read-gates.js';
import { isPooled, openSession, type SessionSettings } from './session.js';
import { runTransaction } from './transaction.js';

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

  constructor(config: pg.PoolConfig = {}) {
    const { connectionString = '' } = config;
    super({ ...config, ...connectionSettings(connectionString) });
    usePasswordFile(this, connectionString);
    surviveLoss(this);
  }

  // Typed with all overloads of the original. Only statements with values are prepared; other calls are passed through.
  override query: pg.Client['query'] = ((text: unknown, values: unknown, callback?: unknown) => {
    const query = super.query.bind(this) as Query;
    if (typeof text !== 'string' || !Array.isArray(values)) {
      const answer = query(text, values, callback);
      return answer instanceof Promise ? answer.catch(rethrow) : answer;
    }
    // The session behind a pooler has no statements of this client.
    const statement = isPooled(this) ? { text, values } : { name: `${nameOf(text)}-${this.generation}`, text, values };
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
  /** Whether a pooler is in between; null: no connection was opened yet. */
  private isBehindPooler: boolean | null = null;
  private readonly readGate: ReadGates;

  constructor(config: pg.PoolConfig & { readonly max: number }, settings: SessionSettings) {
    super({
      ...config,
      Client: PreparedClient,
      // Its promise is awaited before the connection is used.
      onConnect: async (client) => {
        await openSession(client, settings);
        this.isBehindPooler = isPooled(client);
      },
    });
    this.readGate = createReadGates(config.max);
  }

  override query: pg.Pool['query'] = ((...args: unknown[]) => {
    const query = super.query.bind(this) as (...args: unknown[]) => Promise<unknown>;
    const run = async () => {
      if (this.isBehindPooler === null) (await this.connect()).release();
      if (this.isBehindPooler === false) return await query(...args);
      // Behind a pooler, the limits of a statement last as long as its transaction.
      return await runTransaction(this, async (client) => await (client.query.bind(client) as Query)(...args));
    };
    const [sql] = args;
    const answer = typeof sql === 'string' ? this.readGate(sql, () => withFreshPlans(run)) : withFreshPlans(run);
    return answer.catch(rethrow);
  }) as pg.Pool['query'];

  // Typed with both overloads of the original. Only the pool itself calls it with a callback.
  override connect: pg.Pool['connect'] = ((callback?: Callback) => {
    const connect = super.connect.bind(this) as (callback?: Callback) => unknown;
    const connected = connect(callback);
    return connected instanceof Promise ? connected.catch(rethrow) : connected;
  }) as pg.Pool['connect'];
}

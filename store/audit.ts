/** The audit log. It has no statement that changes or deletes: the role of the processes may not. */
import type pg from 'pg';

export const AUDIT_OUTCOMES = ['done', 'refused', 'failed'] as const;
export type AuditOutcome = (typeof AUDIT_OUTCOMES)[number];

/** Who did what, from where, on what. */
export interface AuditedRequest {
  /** ID of the identity; null: none. */
  readonly identity: string | null;
  readonly role: string | null;
  readonly address: string | null;
  readonly client: string | null;
  /** As the client states it. */
  readonly user: string | null;
  readonly action: string;
  readonly target: string | null;
}

export interface AuditResult {
  readonly outcome: AuditOutcome;
  readonly status: number;
  /** The code of the problem; null: none. */
  readonly code: string | null;
}

export interface AuditEntry extends AuditedRequest {
  readonly id: number;
  readonly at: string;
  /** `unknown`: the process ended during the action. */
  readonly outcome: AuditOutcome | 'unknown';
  readonly status: number | null;
  readonly code: string | null;
  /** How many refused requests of the sender the entry stands for. */
  readonly count: number;
}

export interface AuditFilter {
  readonly identity?: string | undefined;
  readonly action?: string | undefined;
  readonly target?: string | undefined;
  readonly outcome?: AuditEntry['outcome'] | undefined;
  /** ISO 8601. */
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  /** ID of the last entry of the previous page. */
  readonly cursor?: number | undefined;
  readonly limit: number;
}

export type AuditStore = ReturnType<typeof createAuditStore>;

export function createAuditStore(pool: pg.Pool) {
  const insert = async (request: AuditedRequest, result: AuditResult | null, count = 1): Promise<number> => {
    const { identity, role, address, client, user, action, target } = request;
    const { rows } = await pool.query<{ id: string }>(
      `insert into ecs_image_import.audit (identity, role, address, client, "user", action, target, outcome, status, code, count)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) returning id`,
      [
        ...[identity, role, address, client, user, action, target],
        ...[result?.outcome ?? null, result?.status ?? null, result?.code ?? null, count],
      ],
    );
    return Number(rows[0]?.id);
  };

  return {
    /** @param count how many requests it stands for */
    async add(request: AuditedRequest, result: AuditResult, count = 1): Promise<void> {
      await insert(request, result, count);
    },

    /** Before an action that takes long. @returns the ID for `end` */
    begin: (request: AuditedRequest): Promise<number> => insert(request, null),

    async end(id: number, { outcome, status, code }: AuditResult): Promise<void> {
      await pool.query(
        'insert into ecs_image_import.audit_outcomes (audit_id, outcome, status, code) values ($1, $2, $3, $4) on conflict do nothing',
        [id, outcome, status, code],
      );
    },

    /** Newest first. */
    async list(filter: AuditFilter): Promise<readonly AuditEntry[]> {
      const values: unknown[] = [filter.limit];
      const conditions: string[] = [];
      const where = (value: unknown, condition: (parameter: string) => string) => {
        if (value === undefined) return;
        values.push(value);
        conditions.push(condition(`$${values.length}`));
      };
      where(filter.identity, (one) => `a.identity = ${one}`);
      where(filter.action, (one) => `a.action = ${one}`);
      where(filter.target, (one) => `a.target = ${one}`);
      where(filter.outcome, (one) => `coalesce(a.outcome, o.outcome, 'unknown') = ${one}`);
      where(filter.since, (one) => `a.at >= ${one}::timestamptz`);
      where(filter.until, (one) => `a.at < ${one}::timestamptz`);
      where(filter.cursor, (one) => `a.id < ${one}`);
      const { rows } = await pool.query<Omit<AuditEntry, 'id' | 'at'> & { readonly id: string; readonly at: Date }>(
        `select a.id, a.at, a.identity, a.role, a.address, a.client, a."user", a.action, a.target,
           coalesce(a.outcome, o.outcome, 'unknown') as outcome, coalesce(a.status, o.status) as status,
           coalesce(a.code, o.code) as code, a.count
         from ecs_image_import.audit a left join ecs_image_import.audit_outcomes o on o.audit_id = a.id
         ${conditions.length === 0 ? '' : `where ${conditions.join(' and ')}`} order by a.id desc limit $1`,
        values,
      );
      return rows.map((row) => ({ ...row, id: Number(row.id), at: row.at.toISOString() }));
    },

    /** Whether the role of this process could change the log: it owns the tables. */
    async mayChange(): Promise<boolean> {
      const { rows } = await pool.query<{ may: boolean }>(
        `select has_table_privilege('ecs_image_import.audit', 'UPDATE, DELETE, TRUNCATE') as may`,
      );
      return rows[0]?.may === true;
    },
  };
}

/** Imports that stopped for attention, by cause. */
import type pg from 'pg';
import { remedyForAll } from '../domain/errors/index.js';

/** Imports that stopped for attention with the same code. */
export interface WaitingCause {
  readonly code: string;
  readonly imports: number;
  /** When the first of them stopped. */
  readonly since: string;
  readonly remedy: string;
}

export interface WaitingImport {
  readonly id: string;
  readonly attentionVersion: number;
}

export function waitingQueries(pool: pg.Pool) {
  return {
    /** The causes of all stopped imports, the most frequent first. */
    async waitingCauses(): Promise<readonly WaitingCause[]> {
      const result = await pool.query<{
        code: string;
        imports: string;
        since: string;
        remedy: string;
        remedies: string;
      }>(
        `select attention ->> 'code' as code, count(*) as imports, min(attention ->> 'since') as since,
           (array_agg(attention ->> 'remedy' order by id))[1] as remedy, count(distinct attention ->> 'remedy') as remedies
         from ecs_image_import.imports where state = 'attention' group by 1 order by count(*) desc, 1`,
      );
      return result.rows.map(({ remedies, imports, ...row }) => ({
        ...row,
        imports: Number(imports),
        remedy: remedies === '1' ? row.remedy : remedyForAll(row.code, row.remedy),
      }));
    },

    async waitingFor(code: string, limit: number): Promise<readonly WaitingImport[]> {
      const result = await pool.query<{ id: string; attention_version: string }>(
        `select id, attention_version from ecs_image_import.imports
         where state = 'attention' and attention ->> 'code' = $1 and attention_version is not null
         order by id limit $2`,
        [code, limit],
      );
      return result.rows.map((row) => ({ id: row.id, attentionVersion: Number(row.attention_version) }));
    },
  };
}

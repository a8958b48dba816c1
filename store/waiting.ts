/** Imports that stopped for attention, by cause. */
import type pg from 'pg';
import { remedyForAll } from '../domain/errors/index.js';
import type { Attention } from '../domain/import.js';
import type { ImportRequest } from '../domain/request/request.js';

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
  readonly request: ImportRequest;
}

export interface StoppedImport {
  readonly id: string;
  readonly request: ImportRequest;
  readonly attention: Pick<Attention, 'code' | 'since' | 'remedy'>;
}

const PAGE = 500;

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
      const result = await pool.query<{ id: string; attention_version: string; request: ImportRequest }>(
        `select id, attention_version, request from ecs_image_import.imports
         where state = 'attention' and attention ->> 'code' = $1 and attention_version is not null
         order by id limit $2`,
        [code, limit],
      );
      return result.rows.map(({ attention_version, ...row }) => ({
        ...row,
        attentionVersion: Number(attention_version),
      }));
    },

    /** All imports in attention, page by page in the order of their ids. @param code only those that wait for it */
    async *stoppedImports(code?: string): AsyncGenerator<StoppedImport> {
      for (let after = ''; ; ) {
        const { rows } = await pool.query<StoppedImport>(
          `select id, request, attention from ecs_image_import.imports
           where state = 'attention' and id > $1 ${code === undefined ? '' : `and attention ->> 'code' = $3`} order by id limit $2`,
          [after, PAGE, ...(code === undefined ? [] : [code])],
        );
        yield* rows;
        const last = rows.at(-1);
        if (last === undefined || rows.length < PAGE) return;
        after = last.id;
      }
    },
  };
}

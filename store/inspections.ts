/** Results of inspections without an import. They are deleted after some months: the image may have changed. */
import type pg from 'pg';
import type { Requester } from '../domain/import-facts.js';
import { jsonText } from './json-text.js';

const KEEP_DAYS = 180;
/** Deleted with each new one. */
const MOST_DELETED = 100;

export interface StoredInspection {
  readonly id: string;
  /** URL of a file. */
  readonly source: string;
  readonly role: 'system' | 'data';
  readonly inspection: object;
  readonly createdBy: Requester;
  readonly createdAt: string;
}

export type InspectionStore = ReturnType<typeof createInspectionStore>;

export function createInspectionStore(pool: pg.Pool) {
  return {
    async insert(stored: Omit<StoredInspection, 'createdAt'>): Promise<string> {
      const { id, source, role, inspection, createdBy } = stored;
      const { rows } = await pool.query<{ created_at: Date }>(
        `with old as (
           delete from ecs_image_import.inspections where id in (
             select id from ecs_image_import.inspections where created_at < now() - interval '${KEEP_DAYS} days'
             order by created_at limit ${MOST_DELETED}))
         insert into ecs_image_import.inspections (id, source, role, inspection, created_by) values ($1, $2, $3, $4, $5) returning created_at`,
        [id, source, role, jsonText(inspection), JSON.stringify(createdBy)],
      );
      return (rows[0]?.created_at ?? new Date()).toISOString();
    },

    /** Null: there is none, or it was deleted. */
    async get(id: string): Promise<StoredInspection | null> {
      const { rows } = await pool.query<Row>(`${SELECT} where id = $1`, [id]);
      return rows[0] === undefined ? null : toStored(rows[0]);
    },

    /** The newest first. @param before only older ones than this one; the empty string: all */
    async list(before: string, limit: number): Promise<readonly StoredInspection[]> {
      const { rows } = await pool.query<Row>(
        before === '' ? `${SELECT} order by id desc limit $1` : `${SELECT} where id < $2 order by id desc limit $1`,
        before === '' ? [limit] : [limit, before],
      );
      return rows.map(toStored);
    },
  };
}

interface Row extends Omit<StoredInspection, 'createdAt'> {
  readonly created_at: Date;
}

const SELECT =
  'select id, source, role, inspection, created_by as "createdBy", created_at from ecs_image_import.inspections';

function toStored({ created_at, ...row }: Row): StoredInspection {
  return { ...row, createdAt: created_at.toISOString() };
}

-- lowest version: 0.1.0
-- The key of events, numbers of ended imports and batches that are not counted again, and statistics of large tables.

alter table events drop constraint events_pkey, add constraint events_pkey primary key using index events_key;

-- Changes of the number of imports that ended in a state. Rows are summed now and then (store/ended-counts.ts).
create table ended_counts (
  id    bigint generated always as identity primary key,
  state text not null,
  count bigint not null
);

create function count_ended() returns trigger language plpgsql as $$
begin
  if tg_op <> 'INSERT' and old.state in ('succeeded', 'failed', 'cancelled') then
    insert into ecs_image_import.ended_counts (state, count) values (old.state, -1);
  end if;
  if tg_op <> 'DELETE' and new.state in ('succeeded', 'failed', 'cancelled') then
    insert into ecs_image_import.ended_counts (state, count) values (new.state, 1);
  end if;
  return null;
end $$;

create trigger count_ended_inserts after insert on imports for each row
  when (new.state in ('succeeded', 'failed', 'cancelled')) execute function count_ended();
create trigger count_ended_updates after update of state on imports for each row
  when (new.state <> old.state) execute function count_ended();
create trigger count_ended_deletes after delete on imports for each row
  when (old.state in ('succeeded', 'failed', 'cancelled')) execute function count_ended();

-- What an ended batch shows, from its first reading on: its counts, causes and estimate. Null while it runs.
alter table batches add column result jsonb;

-- By default, a table is vacuumed and analyzed after a fifth of it has changed: two months of imports.
alter table imports set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);
alter table events set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);
alter table timeline set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);
alter table ledger set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);
alter table findings set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);
alter table batch_items set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);
alter table uploads set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);
alter table upload_holds set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);

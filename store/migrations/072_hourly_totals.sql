-- lowest version: 0.1.0
-- Imports that ended and bytes that were uploaded in each hour, so that an overview reads no import. Rows are only added, as in
-- ended_counts: two imports that end at the same time wait for no common row. They are summed now and then (store/hourly-totals.ts).

create table hourly_totals (
  id     bigint generated always as identity primary key,
  hour   timestamptz not null,
  -- The final state of imports, or `bytes` of completed uploads.
  kind   text not null check (kind in ('succeeded', 'failed', 'cancelled', 'bytes')),
  amount bigint not null
);
create index hourly_totals_by_hour on hourly_totals (hour);

create function total_ended_imports() returns trigger language plpgsql as $$
begin
  insert into ecs_image_import.hourly_totals (hour, kind, amount) values (date_trunc('hour', now()), new.state, 1);
  return null;
end $$;

create trigger total_ended_inserts after insert on imports for each row
  when (new.state in ('succeeded', 'failed', 'cancelled')) execute function total_ended_imports();
create trigger total_ended_updates after update of state on imports for each row
  when (new.state in ('succeeded', 'failed', 'cancelled') and old.state not in ('succeeded', 'failed', 'cancelled'))
  execute function total_ended_imports();

create function total_uploaded_bytes() returns trigger language plpgsql as $$
begin
  insert into ecs_image_import.hourly_totals (hour, kind, amount) values (date_trunc('hour', now()), 'bytes', new.size);
  return null;
end $$;

create trigger total_uploads after update of state on uploads for each row
  when (new.state = 'whole' and old.state <> 'whole' and new.size is not null) execute function total_uploaded_bytes();

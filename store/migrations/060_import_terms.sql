-- lowest version: 0.1.0
-- What lists of imports search for, as an index in the order of the ids: store/import-search.ts.

-- { client, user, identity }: who started it. Null for imports of earlier versions.
alter table imports add column created_by jsonb;

-- Without a reference to imports: a term of an import that no longer exists finds nothing.
create table import_terms (
  -- region:…, bucket:…, tag:KEY=VALUE, name:WORD, by:IDENTITY, and the places in other orders: sort:NAME, ended:MICROSECONDS.
  term      text collate "C" not null,
  import_id text not null,
  primary key (term, import_id)
);
alter table import_terms set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);

-- The terms depend only on the row, so that a deleted row shows which ones to delete. 600 characters fit into an index entry.
create function import_terms_of(import imports) returns setof text language sql stable as $$
  select distinct left(term, 600) from (
    select 'region:' || (import.request ->> 'region') as term
    union all select 'bucket:' || (import.request -> 'upload' ->> 'bucket')
    union all select 'tag:' || key || '=' || value from jsonb_each_text(
      case jsonb_typeof(import.request -> 'tags') when 'object' then import.request -> 'tags' else '{}' end)
    union all select 'name:' || word from regexp_split_to_table(lower(import.request ->> 'imageName'), '[.:_ -]+') as word where word <> ''
    union all select 'sort:' || lower(import.request ->> 'imageName')
    union all select 'by:' || creator from (values (import.created_by ->> 'identity'), (import.created_by ->> 'user')) as creators (creator)
    -- Open imports are few, and change often: they are sorted when they are read.
    union all select 'ended:' || lpad((extract(epoch from import.updated_at) * 1000000)::bigint::text, 17, '0')
      where import.state in ('succeeded', 'failed', 'cancelled')
  ) as terms where term is not null
$$;

create function keep_import_terms() returns trigger language plpgsql as $$
begin
  if tg_op <> 'INSERT' then
    delete from ecs_image_import.import_terms where import_id = old.id and term in (
      select * from ecs_image_import.import_terms_of(old)
      except select * from ecs_image_import.import_terms_of(new) where tg_op <> 'DELETE');
  end if;
  if tg_op <> 'DELETE' then
    insert into ecs_image_import.import_terms (term, import_id)
    select term, new.id from ecs_image_import.import_terms_of(new) as term on conflict do nothing;
  end if;
  return null;
end $$;

create trigger keep_terms_of_inserts after insert on imports for each row execute function keep_import_terms();
create trigger keep_terms_of_deletes after delete on imports for each row execute function keep_import_terms();
create trigger keep_terms_of_requests after update of request, created_by on imports for each row
  when (new.request is distinct from old.request or new.created_by is distinct from old.created_by)
  execute function keep_import_terms();
create trigger keep_terms_of_ends after update of state, updated_at on imports for each row
  when (new.state in ('succeeded', 'failed', 'cancelled') or old.state in ('succeeded', 'failed', 'cancelled'))
  execute function keep_import_terms();

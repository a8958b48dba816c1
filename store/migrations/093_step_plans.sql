-- lowest version: 0.1.0
-- The functions that write an import, with fewer statements inside.
--
-- A plan that was made while a table was small reads the whole table, and is used until the table is analyzed: each of the first
-- imports of a database would cost more than the one before. All rows here are found by a key, so that the plan with the index is
-- never worse, and one that knows the parameters is never better.

alter function write_upload_notes(jsonb) set enable_seqscan = off;
alter function write_upload_notes(jsonb) set plan_cache_mode = force_generic_plan;
alter function join_upload(text, bigint, text, jsonb, jsonb, jsonb, text, double precision) set enable_seqscan = off;
alter function join_upload(text, bigint, text, jsonb, jsonb, jsonb, text, double precision) set plan_cache_mode = force_generic_plan;
alter function release_upload(text, text, text, boolean) set enable_seqscan = off;
alter function release_upload(text, text, text, boolean) set plan_cache_mode = force_generic_plan;
alter function next_step(text, bigint, text, jsonb, bigint, text, text, jsonb, text[]) set enable_seqscan = off;
alter function next_step(text, bigint, text, jsonb, bigint, text, text, jsonb, text[]) set plan_cache_mode = force_generic_plan;
alter function finish_import(text, bigint, text, jsonb, text, jsonb, jsonb, double precision) set enable_seqscan = off;
alter function finish_import(text, bigint, text, jsonb, text, jsonb, jsonb, double precision) set plan_cache_mode = force_generic_plan;
alter function accept_import(text, bigint, jsonb, text, jsonb) set enable_seqscan = off;
alter function accept_import(text, bigint, jsonb, text, jsonb) set plan_cache_mode = force_generic_plan;

-- As in 087. The entries of the ledger are reported together, and what a step does not write costs no statement.
create or replace function write_step(of_import text, of_version bigint, of_phase text, notes jsonb) returns boolean language plpgsql
set enable_seqscan = off set plan_cache_mode = force_generic_plan as $$
declare
  is_final constant text[] := array['succeeded', 'failed', 'cancelled'];
  has_ledger constant boolean := notes @> '[{"kind": "ledger"}]';
  old_state text;
  old_version bigint;
  note jsonb;
  entry jsonb;
  written_status text;
  written_detail jsonb;
  new_events jsonb := '[]';
  new_facts jsonb := null;
  new_calls jsonb := null;
  new_image jsonb := null;
  sets_image boolean := false;
  is_shown boolean := false;
begin
  if notes @> '[{"kind": "upload-id"}]' or notes @> '[{"kind": "upload-gone"}]' then
    perform ecs_image_import.write_upload_notes(notes);
  end if;
  -- Locked, so that events are committed in the order of their ids, and no reader passes one that is not visible yet.
  select state, version into old_state, old_version from ecs_image_import.imports
  where id = of_import and version <= of_version and not (has_ledger and state = any(is_final))
  for no key update;
  if not found then return false; end if;
  for at in 0 .. jsonb_array_length(notes) - 1 loop
    note := notes -> at;
    case note ->> 'kind'
      when 'fact' then
        new_facts := coalesce(new_facts, '{}') || jsonb_build_object(note ->> 'key', note -> 'fact');
      when 'calls' then
        new_calls := coalesce(new_calls, '[]') || (note -> 'calls');
      when 'findings' then
        is_shown := true;
        if exists (select from ecs_image_import.findings where import_id = of_import and source = note ->> 'source') then
          perform ecs_image_import.write_findings(of_import, of_phase, note ->> 'source', (note ->> 'disk')::int,
            case when jsonb_typeof(note -> 'codes') = 'array' then array(select jsonb_array_elements_text(note -> 'codes')) end,
            array(select jsonb_array_elements_text(note -> 'except')), note -> 'findings');
        elsif jsonb_array_length(note -> 'findings') > 0 then
          -- With the ordinals of `write_findings`.
          with added as (
            insert into ecs_image_import.findings (import_id, source, ordinal, finding)
            select of_import, note ->> 'source',
              (case disk when 0 then 1000 else disk end) * 1000 + row_number() over (partition by disk order by number), finding
            from (
              select value as finding, ordinality as number, coalesce((value ->> 'disk')::int, 0) as disk
              from jsonb_array_elements(note -> 'findings') with ordinality
            ) as given
            returning finding
          )
          insert into ecs_image_import.events (import_id, type, phase, state, message, detail)
          select of_import, 'finding', of_phase, 'running', finding ->> 'message', finding from added;
        end if;
      when 'ledger' then
        entry := note -> 'entry';
        -- As `write_ledger_entry`.
        insert into ecs_image_import.ledger (import_id, kind, key, region_id, detail, status)
        values (of_import, entry ->> 'kind', entry ->> 'key', entry ->> 'regionId', jsonb_strip_nulls(entry -> 'detail'), entry ->> 'status')
        on conflict (import_id, kind, key) do update
          set status = excluded.status, detail = jsonb_strip_nulls(ledger.detail || (entry -> 'detail')), updated_at = now()
          where ledger.status <> excluded.status or ledger.detail <> jsonb_strip_nulls(ledger.detail || (entry -> 'detail'))
        returning status, detail into written_status, written_detail;
        if found then
          new_events := new_events || jsonb_build_object('kind', entry ->> 'kind', 'key', entry ->> 'key', 'status', written_status,
            'requestId', case when written_status = 'created' then written_detail ->> 'requestId' end);
        end if;
      when 'image' then
        is_shown := true;
        sets_image := true;
        new_image := nullif(note -> 'image', 'null');
      when 'copy' then
        is_shown := true;
        update ecs_image_import.imports set copies = (
          select coalesce(jsonb_agg(copy order by copy ->> 'regionId'), '[]')
          from (
            select copy from jsonb_array_elements(imports.copies) as known (copy) where copy ->> 'regionId' <> note ->> 'regionId'
            union all
            select note -> 'copy' where note -> 'copy' <> 'null'
          ) as all_copies (copy)
        ) where id = of_import;
      when 'upload-id' then
        update ecs_image_import.uploads set upload_id = note ->> 'uploadId', source_version = note ->> 'sourceVersion', crc64 = null,
          updated_at = now()
        where id = (note ->> 'upload')::bigint
          and (upload_id is distinct from note ->> 'uploadId' or source_version is distinct from note ->> 'sourceVersion');
        if found then
          delete from ecs_image_import.upload_ranges where upload = (note ->> 'upload')::bigint;
          delete from ecs_image_import.upload_parts where upload = (note ->> 'upload')::bigint;
        end if;
      else
    end case;
  end loop;
  if new_events <> '[]' then
    insert into ecs_image_import.events (import_id, type, phase, state, message, detail)
    select of_import, 'ledger', of_phase, old_state, (value ->> 'kind') || ' ' || (value ->> 'status') || ': ' || (value ->> 'key'),
      jsonb_strip_nulls(value)
    from jsonb_array_elements(new_events);
  end if;
  if old_version <> of_version or new_facts is not null or new_calls is not null or is_shown then
    update ecs_image_import.imports set version = of_version,
      facts = case
        when new_facts is null and new_calls is null then facts
        when new_calls is null then facts || new_facts
        else facts || coalesce(new_facts, '{}') || jsonb_build_object('calls',
          jsonb_path_query_array(coalesce(facts -> 'calls', '[]') || new_calls, '$[0 to 499]'))
      end,
      image = case when sets_image then new_image else image end,
      updated_at = case when is_shown then now() else updated_at end
    where id = of_import;
  end if;
  if is_shown or has_ledger then perform pg_notify('ecs_image_import_changes', of_import); end if;
  return true;
end $$;

-- As in 087. Nothing is read that the step does not need.
create or replace function start_step(of_import text, of_version bigint, of_phase text, wanted_state text, at_start jsonb, reads text[])
returns jsonb language plpgsql set enable_seqscan = off set plan_cache_mode = force_generic_plan as $$
declare
  steps constant bigint := 1000000;
  is_changed boolean;
  old record;
  new_state text;
  known_ledger jsonb := null;
  known_uploads jsonb := null;
  known_facts jsonb := null;
  of_batch text := null;
begin
  select phase, state, version into old from ecs_image_import.imports
  where id = of_import and version < of_version and state not in ('succeeded', 'failed', 'cancelled') for no key update;
  is_changed := found;
  if is_changed then
    update ecs_image_import.imports set version = of_version, phase = of_phase, attention = null, attention_version = null, waiting_for = null,
      retrying = case when version / steps = of_version / steps then retrying end,
      uncertain = uncertain or of_version % steps > 1,
      state = case when cancel_asked_at is null then wanted_state else 'cancelling' end,
      progress = case when phase = of_phase then progress else at_start end, updated_at = now()
    where id = of_import
    returning state into new_state;
    update ecs_image_import.timeline set ended_at = now() where import_id = of_import and timeline.phase <> of_phase and ended_at is null;
    insert into ecs_image_import.timeline (import_id, phase) values (of_import, of_phase)
    on conflict (import_id, phase) do update set ended_at = null where timeline.ended_at is not null;
    if old.phase <> of_phase or old.state <> new_state then
      insert into ecs_image_import.events (import_id, type, phase, state, message)
      values (of_import, case when old.state <> new_state then 'state' else 'phase' end, of_phase, new_state,
        of_phase || case when new_state = 'running' then '' else ' (' || new_state || ')' end);
    end if;
    perform pg_notify('ecs_image_import_changes', of_import);
  end if;
  if 'ledger' = any(reads) then
    select coalesce(jsonb_agg(jsonb_build_array(kind, key, region_id, detail, status,
      date_part('epoch', created_at), date_part('epoch', updated_at)) order by created_at, kind, key), '[]') into known_ledger
    from ecs_image_import.ledger where import_id = of_import;
  end if;
  if 'uploads' = any(reads) then
    select coalesce(jsonb_agg(to_jsonb(u) order by u.id), '[]') into known_uploads
    from ecs_image_import.uploads u join ecs_image_import.upload_holds h on h.upload = u.id where h.import_id = of_import;
  end if;
  if 'facts' = any(reads) then
    select facts, batch_id into known_facts, of_batch from ecs_image_import.imports where id = of_import;
  end if;
  return jsonb_build_object('changed', is_changed, 'ledger', known_ledger, 'uploads', known_uploads, 'facts', known_facts,
    'batch', of_batch);
end $$;

-- lowest version: 0.1.0
-- What a step of an import writes, in one call: its facts, findings and ledger entries, with the events that report them. A
-- function reads what other transactions have committed while it waited for the row of the import; a single statement does not.

-- Of what a step writes, the parts about shared uploads. They are written also by a step that another one has superseded: they
-- describe an object, which other imports may use.
create function write_upload_notes(notes jsonb) returns void language plpgsql as $$
declare
  note jsonb;
begin
  for note in select value from jsonb_array_elements(notes) loop
    case note ->> 'kind'
      when 'upload-gone' then
        delete from ecs_image_import.uploads where id = (note ->> 'upload')::bigint and state = 'removing';
      when 'upload-id' then
        -- Written below; uploads are always locked before imports.
        perform from ecs_image_import.uploads where id = (note ->> 'upload')::bigint for no key update;
      else
    end case;
  end loop;
end $$;

-- Replaces the findings in a scope. Each disk has a range of ordinals of its own (disk 2: from 2001; the whole image: from
-- 1,000,001), so that two disks never compete for the same row. The caller has locked the import.
create function write_findings(of_import text, of_phase text, of_source text, of_disk int, of_codes text[], other_codes text[], given jsonb)
returns void language sql as $$
  with before as (
    select f.ordinal, f.finding, coalesce((f.finding ->> 'disk')::int, 0) as disk
    from ecs_image_import.findings f
    where f.import_id = of_import and f.source = of_source and (of_disk is null or coalesce((f.finding ->> 'disk')::int, 0) = of_disk)
  ), after as (
    select finding, (case disk when 0 then 1000 else disk end) * 1000
      + row_number() over (partition by disk order by is_new, ordinal) as ordinal
    from (
      select finding, disk, ordinal, false as is_new from before
      where not ((of_codes is null or finding ->> 'code' = any(of_codes)) and finding ->> 'code' <> all(other_codes))
      union all
      select value, coalesce((value ->> 'disk')::int, 0), ordinality, true
      from jsonb_array_elements(given) with ordinality
    ) as merged
  ), gone as (
    delete from ecs_image_import.findings
    where import_id = of_import and source = of_source
      and ordinal in (select ordinal from before) and ordinal not in (select ordinal from after)
  ), written as (
    insert into ecs_image_import.findings (import_id, source, ordinal, finding)
    select of_import, of_source, after.ordinal, after.finding from after
    on conflict (import_id, source, ordinal) do update set finding = excluded.finding
    where findings.finding is distinct from excluded.finding
    returning finding
  )
  insert into ecs_image_import.events (import_id, type, phase, state, message, detail)
  select of_import, 'finding', of_phase, 'running', finding ->> 'message', finding from written
  where finding not in (select finding from before)
$$;

-- Writes an entry of the ledger, with its event where it changes something. A field that is null in the new detail is removed
-- from the stored one. The caller has locked the import.
create function write_ledger_entry(of_import text, of_phase text, of_state text, entry jsonb) returns void language sql as $$
  with written as (
    insert into ecs_image_import.ledger (import_id, kind, key, region_id, detail, status)
    values (of_import, entry ->> 'kind', entry ->> 'key', entry ->> 'regionId', jsonb_strip_nulls(entry -> 'detail'), entry ->> 'status')
    on conflict (import_id, kind, key) do update
      set status = excluded.status, detail = jsonb_strip_nulls(ledger.detail || (entry -> 'detail')), updated_at = now()
      where ledger.status <> excluded.status or ledger.detail <> jsonb_strip_nulls(ledger.detail || (entry -> 'detail'))
    returning kind, key, status, detail
  )
  insert into ecs_image_import.events (import_id, type, phase, state, message, detail)
  select of_import, 'ledger', of_phase, of_state, kind || ' ' || status || ': ' || key,
         jsonb_strip_nulls(jsonb_build_object(
           'kind', kind, 'key', key, 'status', status,
           'requestId', case when status = 'created' then written.detail ->> 'requestId' end))
  from written
$$;

-- False, and nothing is written except about shared uploads: a newer step or attempt has begun, or the import has ended and
-- its ledger must not change any more.
create function write_step(of_import text, of_version bigint, of_phase text, notes jsonb) returns boolean language plpgsql as $$
declare
  is_final constant text[] := array['succeeded', 'failed', 'cancelled'];
  has_ledger boolean := false;
  old_state text;
  note jsonb;
  new_facts jsonb := null;
  new_calls jsonb := null;
  new_image jsonb := null;
  sets_image boolean := false;
  is_shown boolean := false;
begin
  perform ecs_image_import.write_upload_notes(notes);
  has_ledger := exists (select from jsonb_array_elements(notes) where value ->> 'kind' = 'ledger');
  -- Locked, so that events are committed in the order of their ids, and no reader passes one that is not visible yet.
  select state into old_state from ecs_image_import.imports
  where id = of_import and version <= of_version and not (has_ledger and state = any(is_final))
  for no key update;
  if not found then return false; end if;
  for note in select value from jsonb_array_elements(notes) loop
    case note ->> 'kind'
      when 'fact' then
        new_facts := coalesce(new_facts, '{}') || jsonb_build_object(note ->> 'key', note -> 'fact');
      when 'calls' then
        new_calls := coalesce(new_calls, '[]') || (note -> 'calls');
      when 'findings' then
        is_shown := true;
        perform ecs_image_import.write_findings(of_import, of_phase, note ->> 'source', (note ->> 'disk')::int,
          case when jsonb_typeof(note -> 'codes') = 'array' then array(select jsonb_array_elements_text(note -> 'codes')) end,
          array(select jsonb_array_elements_text(note -> 'except')), note -> 'findings');
      when 'ledger' then
        perform ecs_image_import.write_ledger_entry(of_import, of_phase, old_state, note -> 'entry');
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
  if is_shown or has_ledger then perform pg_notify('ecs_image_import_changes', of_import); end if;
  return true;
end $$;

-- Starts a phase, or continues it after attention; ends the previous phase in the timeline. Not "changed": the record has a
-- newer version, or the import has ended. `reads` names what the step needs of the record besides.
create function start_step(of_import text, of_version bigint, of_phase text, wanted_state text, at_start jsonb, reads text[])
returns jsonb language plpgsql as $$
declare
  steps constant bigint := 1000000;
  is_changed boolean;
begin
  with changed as (
    update ecs_image_import.imports set version = of_version, phase = of_phase, attention = null, attention_version = null, waiting_for = null,
      retrying = case when version / steps = of_version / steps then retrying end,
      uncertain = uncertain or of_version % steps > 1,
      state = case when cancel_asked_at is null then wanted_state else 'cancelling' end,
      progress = case when phase = of_phase then progress else at_start end, updated_at = now()
    from (select phase as old_phase, state as old_state from ecs_image_import.imports where id = of_import for update) as before
    where id = of_import and version < of_version and state not in ('succeeded', 'failed', 'cancelled')
    returning id, old_phase, old_state, state
  ), ended as (
    update ecs_image_import.timeline set ended_at = now() from changed
    where import_id = changed.id and timeline.phase <> of_phase and ended_at is null
  ), line as (
    insert into ecs_image_import.timeline (import_id, phase) select id, of_phase from changed
    on conflict (import_id, phase) do update set ended_at = null where timeline.ended_at is not null
  ), event as (
    insert into ecs_image_import.events (import_id, type, phase, state, message)
    select id, case when old_state <> state then 'state' else 'phase' end, of_phase, state,
      of_phase || case when state = 'running' then '' else ' (' || state || ')' end
    from changed where old_phase <> of_phase or old_state <> state
  )
  select exists (select from changed), (select pg_notify('ecs_image_import_changes', id) from changed) into is_changed;
  return jsonb_build_object('changed', is_changed,
    'ledger', case when 'ledger' = any(reads) then (
      select coalesce(jsonb_agg(jsonb_build_array(kind, key, region_id, detail, status,
        date_part('epoch', created_at), date_part('epoch', updated_at)) order by created_at, kind, key), '[]')
      from ecs_image_import.ledger where import_id = of_import) end,
    'uploads', case when 'uploads' = any(reads) then (
      select coalesce(jsonb_agg(to_jsonb(u) order by u.id), '[]')
      from ecs_image_import.uploads u join ecs_image_import.upload_holds h on h.upload = u.id where h.import_id = of_import) end,
    'facts', case when 'facts' = any(reads) then (select facts from ecs_image_import.imports where id = of_import) end,
    'batch', case when 'facts' = any(reads) then (select batch_id from ecs_image_import.imports where id = of_import) end);
end $$;

-- Writes what the last step has left, then the final state and error, and ends the timeline. Schedules a late check where a call
-- may still take effect: an attempt or a phase was repeated, or a cancel interrupted a step. A certain import needs none.
-- Null: the import has already ended, or it would succeed but has a cancel request. Otherwise its times, for metrics.
create function finish_import(of_import text, of_version bigint, of_phase text, notes jsonb, final_state text, final_error jsonb,
  at_end jsonb, check_after_ms double precision)
returns jsonb language plpgsql as $$
declare
  created timestamptz;
begin
  if jsonb_array_length(notes) > 0 and not ecs_image_import.write_step(of_import, of_version, of_phase, notes) then return null; end if;
  with changed as (
    update ecs_image_import.imports set version = of_version, phase = 'done', state = final_state, error = final_error, attention = null,
      attention_version = null, waiting_for = null, retrying = null, progress = at_end, updated_at = now(),
      check_after = case
        when (uncertain or cancel_asked_at is not null or resumed_version is not null or final_state = 'cancelled')
          and exists (select from ecs_image_import.ledger where import_id = of_import)
        then now() + check_after_ms * interval '1 millisecond' end
    where id = of_import and version <= of_version and state not in ('succeeded', 'failed', 'cancelled')
      and (final_state <> 'succeeded' or cancel_asked_at is null)
    returning id, created_at
  ), ended as (
    update ecs_image_import.timeline set ended_at = now() from changed where import_id = changed.id and ended_at is null
  ), line as (
    insert into ecs_image_import.timeline (import_id, phase, ended_at) select id, 'done', now() from changed on conflict do nothing
  ), event as (
    insert into ecs_image_import.events (import_id, type, phase, state, message, detail)
    select id, 'state', 'done', final_state, coalesce(final_error ->> 'message', final_state), coalesce(final_error, '{}') from changed
  )
  select created_at from changed into created;
  if created is null then return null; end if;
  perform pg_notify('ecs_image_import_changes', of_import);
  return jsonb_build_object('createdAt', date_part('epoch', created), 'timeline', (
    select jsonb_agg(jsonb_build_array(phase, date_part('epoch', started_at), date_part('epoch', ended_at)) order by started_at)
    from ecs_image_import.timeline where import_id = of_import));
end $$;

-- Starts the first step of an import, and creates its record if the workflow was not started by the API. Without a request, the
-- record must exist: it has the request.
create function accept_import(of_import text, of_version bigint, given jsonb, queue text, at_start jsonb) returns jsonb language plpgsql as $$
declare
  is_changed boolean;
  recorded jsonb;
begin
  is_changed := (ecs_image_import.start_step(of_import, of_version, 'accepted', 'running', at_start, '{}') ->> 'changed')::boolean;
  select request into recorded from ecs_image_import.imports where id = of_import;
  if is_changed then
    update ecs_image_import.imports set workflow_started_at = now() where id = of_import and workflow_started_at is null;
  elsif not found and given is not null then
    insert into ecs_image_import.imports (id, state, phase, version, request, progress, file_queue, request_digest, workflow_started_at)
    values (of_import, 'running', 'accepted', of_version, given, at_start, queue, '', now())
    on conflict (id) do update
      set version = greatest(imports.version, excluded.version),
          workflow_started_at = coalesce(imports.workflow_started_at, now())
    returning request into recorded;
    is_changed := true;
  end if;
  return jsonb_build_object('changed', is_changed or recorded is null, 'request', recorded);
end $$;

-- lowest version: 0.1.0
-- What always happened one after the other, in one call: an import joins a shared upload, takes its lease and writes its
-- intentions; a step ends, and the next one of the same activity begins.

-- A reference of an import to an upload is fenced like its ledger. An attempt that was frozen and wakes must not refer to the object
-- of another import: no cleanup would release that reference, and retention keeps an import that has one.

-- Adds the reference. False: the import has ended, or a newer step or attempt has begun. The caller has locked the upload: uploads
-- are always locked before imports.
create function hold_upload(of_import text, of_version bigint, of_upload bigint) returns boolean language plpgsql as $$
begin
  -- Locked, so that a cleanup that begins at the same time reads this reference, or refuses it.
  perform from ecs_image_import.imports
  where id = of_import and version <= of_version and state not in ('succeeded', 'failed', 'cancelled')
  for no key update;
  if not found then return false; end if;
  insert into ecs_image_import.upload_holds (upload, import_id) values (of_upload, of_import)
  on conflict (upload, import_id) do update set released = false;
  return true;
end $$;

-- Adds a reference of the import to the upload for the wanted content, which is created if there is none. Of its own object, the
-- entries of the ledger are written and the lease is taken too, if no other import has it.
-- Null: the object is still being removed. Not "written": a newer step or attempt has begun, or the import has ended.
create function join_upload(of_import text, of_version bigint, of_phase text, wanted jsonb, object_notes jsonb, upload_notes jsonb,
  new_holder text, lease_ms double precision)
returns jsonb language plpgsql as $$
declare
  import_and_disk constant text := 'imp-[0-7][0-9a-hjkmnp-tv-z]{25}/[^/]*$';
  wanted_key constant text := wanted ->> 'key';
  -- As in the column.
  wanted_prefix constant text := regexp_replace(wanted_key,
    case when wanted_key ~ import_and_disk then import_and_disk else '[^/]*/[^/]*$' end, '');
  known_content text;
  new_id bigint;
  joined ecs_image_import.uploads%rowtype;
  is_own boolean;
  is_claimed boolean := false;
begin
  -- Of the disk, as remembered of this source.
  select content into known_content from ecs_image_import.source_contents
  where version = wanted ->> 'identity' and variant = wanted ->> 'variant';
  for attempt in 1..5 loop
    if known_content is not null then
      select * into joined from ecs_image_import.uploads
      where bucket = wanted ->> 'bucket' and account = wanted ->> 'account' and prefix = wanted_prefix and form = wanted ->> 'form'
        and variant = wanted ->> 'variant' and content = known_content and state = 'whole'
      order by id limit 1 for update;
    end if;
    if joined.id is null then
      insert into ecs_image_import.uploads (region_id, bucket, key, sha256, form, account, identity, variant)
      values (wanted ->> 'regionId', wanted ->> 'bucket', wanted_key, wanted ->> 'sha256', wanted ->> 'form', wanted ->> 'account',
        wanted ->> 'identity', wanted ->> 'variant')
      on conflict do nothing returning id into new_id;
      -- Locked, so that a concurrent release has committed before, or waits for this reference. The import's own upload comes
      -- first: an earlier attempt may have begun it before the source's identity or digest was known.
      select * into joined from ecs_image_import.uploads
      where bucket = wanted ->> 'bucket' and account = wanted ->> 'account' and state <> 'removing' and (key = wanted_key or (
        form = wanted ->> 'form' and prefix = wanted_prefix and (variant = wanted ->> 'variant' or variant = '')
        and (sha256 = wanted ->> 'sha256' or (identity = wanted ->> 'identity' and variant = wanted ->> 'variant'))))
      order by key = wanted_key desc, identity is not distinct from wanted ->> 'identity' desc, id limit 1
      for update;
    end if;
    -- The last user released it in between; an upload in state `removing` does not conflict with a new one.
    exit when joined.id is not null;
  end loop;
  if joined.id is null then return null; end if;
  is_own := joined.key = wanted_key;
  if not ecs_image_import.hold_upload(of_import, of_version, joined.id) then
    delete from ecs_image_import.uploads where id = new_id;
    return jsonb_build_object('written', false);
  end if;
  if is_own then
    is_claimed := joined.state = 'open' and (joined.holder is null or joined.holder = new_holder or joined.lease_until < now());
    perform ecs_image_import.write_step(of_import, of_version, of_phase,
      object_notes || case when is_claimed then upload_notes else '[]' end);
  end if;
  if is_claimed then
    update ecs_image_import.uploads
    set holder = new_holder, lease_until = now() + lease_ms * interval '1 millisecond', updated_at = now()
    where id = joined.id returning * into joined;
  end if;
  return jsonb_build_object('written', true, 'intended', is_own, 'claimed', is_claimed,
    'upload', to_jsonb(joined) - 'content_ranges');
end $$;

-- Writes what a step has left, and starts the next one. Null: a newer step or attempt has begun, and nothing is written except
-- about shared uploads.
create function next_step(of_import text, of_version bigint, of_phase text, notes jsonb, next_version bigint, next_phase text,
  wanted_state text, at_start jsonb, reads text[])
returns jsonb language plpgsql as $$
begin
  if not ecs_image_import.write_step(of_import, of_version, of_phase, notes) then return null; end if;
  return ecs_image_import.start_step(of_import, next_version, next_phase, wanted_state, at_start, reads);
end $$;

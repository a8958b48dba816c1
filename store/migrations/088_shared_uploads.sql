-- lowest version: 0.1.0
-- The end of a shared upload in one call. A function reads what other transactions have committed while it waited for the row of
-- the upload; a single statement does not.

-- Removes the reference of an import. Idempotent until the row is deleted: a repeated call after a crash returns the same result.
create function release_upload(of_import text, of_bucket text, of_key text, keep boolean) returns jsonb language plpgsql as $$
declare
  found_upload ecs_image_import.uploads%rowtype;
  is_kept boolean;
  other text;
begin
  select * into found_upload from ecs_image_import.uploads where bucket = of_bucket and key = of_key for update;
  if not found then return jsonb_build_object('kind', 'unknown'); end if;
  update ecs_image_import.upload_holds set released = true where upload = found_upload.id and import_id = of_import and not released;
  if found_upload.state = 'removing' then return jsonb_build_object('kind', 'remove', 'id', found_upload.id); end if;
  is_kept := found_upload.kept or (keep and found_upload.state = 'whole');
  if is_kept and not found_upload.kept then update ecs_image_import.uploads set kept = true where id = found_upload.id; end if;
  -- References of ended imports do not count.
  select h.import_id into other from ecs_image_import.upload_holds h join ecs_image_import.imports i on i.id = h.import_id
  where h.upload = found_upload.id and not h.released and i.state not in ('succeeded', 'failed', 'cancelled')
  order by h.import_id limit 1;
  if found then
    update ecs_image_import.uploads set holder = null, lease_until = null
    where id = found_upload.id and split_part(holder, '/', 1) = of_import;
    return jsonb_build_object('kind', 'in-use', 'by', other);
  end if;
  if is_kept then return jsonb_build_object('kind', 'kept'); end if;
  update ecs_image_import.uploads set state = 'removing', updated_at = now() where id = found_upload.id;
  return jsonb_build_object('kind', 'remove', 'id', found_upload.id);
end $$;

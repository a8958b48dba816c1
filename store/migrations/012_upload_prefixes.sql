-- lowest version: 0.1.0
-- Imports share an object only if they want it under the same prefix. The prefix is the key without the import and the disk.

alter table uploads add column prefix text not null generated always as (
  regexp_replace(key, case when key ~ 'imp-[0-7][0-9a-hjkmnp-tv-z]{25}/[^/]*$'
    then 'imp-[0-7][0-9a-hjkmnp-tv-z]{25}/[^/]*$' else '[^/]*/[^/]*$' end, '')) stored;

drop index uploads_by_content;
create unique index uploads_by_content on uploads (bucket, prefix, sha256, form) where sha256 is not null and state <> 'removing';

-- lowest version: 0.1.0
-- Imports of one file share an upload without reading the file first.

alter table uploads
  -- Of the source: the host and the version of a file. Null: unknown, or the file may still be changing.
  add column identity text,
  -- What is done to the content besides its form: the format of the object, and what is left out.
  add column variant text not null default '';

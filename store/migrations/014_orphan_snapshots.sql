-- lowest version: 0.1.0
-- Snapshots of images that the orphan sweep deletes: with a deleted image, the cloud loses which snapshots it had, and an
-- import that is not in this database has no ledger. Removed when the snapshot is gone.

create table orphan_snapshots (
  region_id   text not null,
  snapshot_id text not null,
  image_id    text not null,
  import_id   text not null,
  noted_at    timestamptz not null default now(),
  primary key (region_id, snapshot_id)
);

-- lowest version: 0.1.0
-- The parts of uploads that are compressed while they are sent. A part counts as sent when its row is complete.

create table upload_ranges (
  upload   bigint not null references uploads (id) on delete cascade,
  -- Of the part.
  number   integer not null,
  -- The compression level of every attempt to send the part.
  level    smallint not null,
  -- Null: not sent yet. Length 0: the range of the disk has no data, and there is no such part.
  length   bigint,
  crc64    text,
  etag     text,
  -- The sizes of the part's clusters, 16 bits each, compressed.
  clusters bytea,
  primary key (upload, number)
);

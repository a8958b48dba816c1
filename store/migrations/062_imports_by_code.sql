-- lowest version: 0.1.0
-- outside a transaction
-- Imports that failed or stopped with a code.

create index concurrently if not exists imports_by_code on imports ((coalesce(error ->> 'code', attention ->> 'code')), id)
  where coalesce(error ->> 'code', attention ->> 'code') is not null;

-- lowest version: 0.1.0
-- outside a transaction
-- Events are read by import. This index becomes the key, so that they need no second one.

create unique index concurrently if not exists events_key on events (import_id, id);

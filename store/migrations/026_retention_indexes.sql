-- lowest version: 0.1.0
-- outside a transaction
-- The list of holds.

create index concurrently if not exists imports_on_hold on imports (id) where hold is not null;

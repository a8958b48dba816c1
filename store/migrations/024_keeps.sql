-- lowest version: 0.1.0
-- outside a transaction
-- The events of all imports in their order. Rows are appended in this order, so that an index of block ranges is enough.

create index concurrently if not exists events_in_order on events using brin (id) with (autosummarize = on);

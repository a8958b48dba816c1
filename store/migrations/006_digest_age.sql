-- lowest version: 0.1.0
-- Every insert deletes old digests: without this index, each insert would scan the whole table.

create index source_digests_by_age on source_digests (computed_at);

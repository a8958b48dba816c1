-- lowest version: 0.1.0
-- Old digests are deleted with every new one: without it each of ten thousand looks at all the others.

create index source_digests_by_age on source_digests (computed_at);

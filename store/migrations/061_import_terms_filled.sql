-- lowest version: 0.1.0
-- The terms of the imports from before the triggers. Without a lock: one that changes meanwhile keeps a term that finds nothing.

insert into import_terms (term, import_id)
select term, i.id from imports i cross join lateral import_terms_of(i) as term
on conflict do nothing;
analyze import_terms;

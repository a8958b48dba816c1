-- lowest version: 0.1.0
-- Imports that Temporal pins to a version of the worker: no other version continues them.

-- DEPLOYMENT:BUILD; null: any worker continues it, as far as is known.
alter table imports add column pinned_to text;

-- lowest version: 0.1.0
-- The audit log. Only rows are added: the role of the processes may neither change nor delete them.

create table audit (
  id       bigint generated always as identity primary key,
  at       timestamptz not null default now(),
  -- ID and role of the identity; null: the request had none.
  identity text,
  role     text,
  -- From where: the address, the client and the user as the client states them.
  address  text,
  client   text,
  "user"   text,
  action   text not null,
  -- The ID of an import, a batch or a key, or the path.
  target   text,
  -- Null: it was written before the action; audit_outcomes has the outcome, unless the process has died.
  outcome  text check (outcome in ('done', 'refused', 'failed')),
  status   integer,
  code     text,
  -- A row may stand for several refused requests.
  count    integer not null default 1
);

create index audit_by_time on audit (at);
create index audit_by_identity on audit (identity, id);
create index audit_by_target on audit (target, id);
create index audit_by_action on audit (action, id);

create table audit_outcomes (
  audit_id bigint primary key,
  at       timestamptz not null default now(),
  outcome  text not null check (outcome in ('done', 'refused', 'failed')),
  status   integer not null,
  code     text
);

-- Default privileges have given the runtime roles the rights of other tables.
do $$
declare
  runtime_role text;
begin
  for runtime_role in
    select distinct pg_get_userbyid(acl.grantee) from pg_class c cross join lateral aclexplode(c.relacl) acl
    where c.oid in ('ecs_image_import.audit'::regclass, 'ecs_image_import.audit_outcomes'::regclass)
      and acl.grantee <> c.relowner and acl.grantee <> 0
  loop
    execute format('revoke update, delete, truncate on ecs_image_import.audit, ecs_image_import.audit_outcomes from %I', runtime_role);
  end loop;
end $$;

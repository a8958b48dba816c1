-- lowest version: 0.1.0
-- What the cloud lets an account call, by region and API: one budget for all workers.

create table rate_budgets (
  account_id text not null,
  service    text not null,
  region     text not null,
  action     text not null,
  -- domain/rate-budget.ts
  budget     jsonb not null,
  updated_at timestamptz not null default now(),
  primary key (account_id, service, region, action)
);

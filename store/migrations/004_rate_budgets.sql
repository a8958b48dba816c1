-- lowest version: 0.1.0
-- Rate budgets of cloud calls by account, region and API, shared by all workers.

create table rate_budgets (
  account_id text not null,
  service    text not null,
  region     text not null,
  action     text not null,
  -- A RateBudget of domain/rate-budget.ts.
  budget     jsonb not null,
  updated_at timestamptz not null default now(),
  primary key (account_id, service, region, action)
);

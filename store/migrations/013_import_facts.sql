-- lowest version: 0.1.0
-- What an import found and sent, for its report: the account, the settings of the image, the sources, the shares.

alter table imports add column facts jsonb not null default '{}'::jsonb;

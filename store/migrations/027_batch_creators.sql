-- lowest version: 0.1.0
-- Who created a batch, as the client states it: { client, user, identity }. Null for batches of earlier versions.

alter table batches add column created_by jsonb;

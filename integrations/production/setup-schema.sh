#!/bin/sh
# Creates or updates the tables of Temporal on PostgreSQL, also before an upgrade of Temporal (docs/production.md). Can be repeated.
# temporal-sql-tool reads the connection from SQL_HOST, SQL_PORT, SQL_USER, SQL_PASSWORD, SQL_TLS and SQL_TLS_CA_FILE.
set -eu
tool=${TEMPORAL_SQL_TOOL:-temporal-sql-tool}
for database in temporal temporal_visibility; do
  schema=temporal
  [ "$database" = temporal ] || schema=visibility
  "$tool" --plugin postgres12 --db "$database" setup-schema -v 0.0
  "$tool" --plugin postgres12 --db "$database" update-schema --schema-name "postgresql/v12/$schema"
done

#!/bin/sh
# Runs once in the container of PostgreSQL, before it accepts connections: creates the roles and databases.
set -eu
secret() { cat "/run/secrets/$1"; }
psql --username "$POSTGRES_USER" --dbname postgres --set ON_ERROR_STOP=1 \
  --set temporal_password="$(secret temporal-password)" \
  --set owner_password="$(secret owner-password)" \
  --set app_password="$(secret app-password)" \
  --file /etc/ecs-image-import/roles.sql

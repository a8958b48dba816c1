#!/bin/sh
# Creates the passwords, keys and certificates of docker-compose.yml as files in the folder secrets/: run it once, in the folder of
# docker-compose.yml. Files that exist are kept. Host names and IP addresses under which clients reach the API are arguments:
#   integrations/docker/make-secrets.sh images.example.com 192.0.2.10
# secrets/ belongs to the backup. Only its owner can enter it; the users of the containers read the files that are mounted for them.
set -eu
umask 077
mkdir -p secrets
"$(dirname "$0")/../production/make-certificates.sh" secrets "$@"
for name in postgres-password temporal-password owner-password app-password; do
  [ -s "secrets/$name" ] || openssl rand -hex 24 >"secrets/$name"
done
[ -s secrets/payload-keys ] || echo "$(date +%Y-%m):$(openssl rand -base64 32)" >secrets/payload-keys
chmod 444 secrets/*
chmod 400 secrets/ca.key
echo "secrets/ is complete"

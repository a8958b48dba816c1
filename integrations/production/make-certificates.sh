#!/bin/sh
# Creates a private certificate authority, and the certificates of a production setup that it signs (docs/production.md):
#   make-certificates.sh FOLDER [HOST_NAME_OR_IP_ADDRESS...]
# The names apply to all servers, besides the name of each service, localhost and 127.0.0.1. Certificates that exist are kept: to
# renew one, delete its two files and run the script again. Needs OpenSSL.
set -eu
[ $# -ge 1 ] || { echo "usage: make-certificates.sh FOLDER [HOST_NAME_OR_IP_ADDRESS...]" >&2; exit 2; }
folder=$1
shift
names=DNS:localhost,IP:127.0.0.1
for name in "$@"; do
  case $name in
    *:* | *[0-9].[0-9]*.[0-9]*.[0-9]*) names=$names,IP:$name ;;
    *) names=$names,DNS:$name ;;
  esac
done
# Services of other users read files beside this folder; only its owner can enter the folder itself.
(umask 022 && mkdir -p "$(dirname "$folder")")
umask 077
mkdir -p "$folder"

new_key() { # NAME
  openssl ecparam -name prime256v1 -genkey -noout | openssl pkcs8 -topk8 -nocrypt -out "$folder/$1.key"
}

if [ ! -s "$folder/ca.pem" ]; then
  new_key ca
  openssl req -x509 -new -key "$folder/ca.key" -days 3650 -subj "/CN=ecs-image-import CA" -out "$folder/ca.pem"
fi

issue() { # NAME EXTENDED_KEY_USAGE [SUBJECT_ALTERNATIVE_NAMES]
  [ -s "$folder/$1.pem" ] && return
  new_key "$1"
  openssl req -new -key "$folder/$1.key" -subj "/CN=$1" -out "$folder/$1.csr"
  {
    echo "basicConstraints=critical,CA:FALSE"
    echo "extendedKeyUsage=$2"
    [ -z "${3:-}" ] || echo "subjectAltName=$3"
  } >"$folder/$1.ext"
  openssl x509 -req -in "$folder/$1.csr" -CA "$folder/ca.pem" -CAkey "$folder/ca.key" -CAcreateserial -days 825 \
    -extfile "$folder/$1.ext" -out "$folder/$1.pem" 2>"$folder/$1.log" || { cat "$folder/$1.log" >&2; exit 1; }
  rm "$folder/$1.csr" "$folder/$1.ext" "$folder/$1.log"
  echo "created $folder/$1.pem"
}

issue postgresql serverAuth "DNS:postgresql,$names"
# The services of Temporal are clients of each other.
issue temporal serverAuth,clientAuth "DNS:temporal,$names"
issue api serverAuth "DNS:api,$names"
# Of the workers and APIs as clients of Temporal.
issue client clientAuth

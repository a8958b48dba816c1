#!/usr/bin/env bash
# What some tests need beside Node.js. Root on Debian or Ubuntu gets it installed; everybody else is told what lacks, and the
# tests do not start: a test that leaves itself out proves nothing.
set -euo pipefail

needs() { # COMMAND PACKAGE WHAT FOR
  command -v "$1" >/dev/null && return
  lacking+=("$2")
  echo "$1 lacks (package $2): $3"
}

lacking=()
needs qemu-img qemu-utils "images are converted with it"
needs xz xz-utils "packed images are unpacked with it"
needs zstd zstd "packed images are unpacked with it"
needs qemu-system-x86_64 qemu-system-x86 "the boot check starts images with it"
needs openssl openssl "certificates of the tests are made with it"
needs go golang-go "the vendor's Go client is run against the emulator"
needs python3 python3 "the vendor's Python clients are run against the emulator"
python3 -c 'import ensurepip, venv' 2>/dev/null || { lacking+=(python3-venv); echo "python3 has no venv (package python3-venv)"; }
[ ${#lacking[@]} -eq 0 ] && exit 0

if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
  echo "installing ${lacking[*]}"
  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -yqq --no-install-recommends "${lacking[@]}" >/dev/null
else
  echo "install ${lacking[*]} and start the tests again, or run those that need nothing: npm run test:fast" >&2
  exit 1
fi

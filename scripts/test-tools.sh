#!/usr/bin/env bash
# Tools that some tests need besides Node.js. Installs them for root on Debian or Ubuntu. Otherwise lists the missing tools, and the
# tests do not start, because skipped tests prove nothing.
set -euo pipefail

needs() { # COMMAND PACKAGE PURPOSE
  command -v "$1" >/dev/null && return
  missing+=("$2")
  echo "$1 is missing (package $2): $3"
}

missing=()
needs qemu-img qemu-utils "converts images"
needs xz xz-utils "decompresses images"
needs zstd zstd "decompresses images"
needs bzip2 bzip2 "compresses kernels"
needs lzop lzop "compresses kernels"
needs lz4 lz4 "compresses kernels"
PATH=$PATH:/usr/sbin needs debugfs e2fsprogs "changes files in disk images"
needs cpio cpio "changes an initramfs"
needs qemu-system-x86_64 qemu-system-x86 "boots images in the boot check"
PATH=$PATH:/usr/sbin needs pgbouncer pgbouncer "pools connections to PostgreSQL"
needs chromium chromium "opens the page in the tests of sign-in"
needs openssl openssl "creates the tests' certificates"
needs go golang-go "runs the vendor's Go client against the emulator"
needs python3 python3 "runs the vendor's Python clients against the emulator"
needs unshare util-linux "isolates the embedded Temporal server"
PATH=$PATH:/usr/sbin needs ip iproute2 "isolates the embedded Temporal server"
python3 -c 'import ensurepip, venv' 2>/dev/null || { missing+=(python3-venv); echo "python3 venv is missing (package python3-venv)"; }
if command -v unshare >/dev/null && ! unshare --user --map-root-user --net true; then
  echo "network namespaces are not permitted: see \"Isolation\" in docs/temporal.md; on Ubuntu: sysctl kernel.apparmor_restrict_unprivileged_userns=0" >&2
  exit 1
fi
[ ${#missing[@]} -eq 0 ] && exit 0

if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
  echo "installing ${missing[*]}"
  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -yqq --no-install-recommends "${missing[@]}" >/dev/null
else
  echo "install ${missing[*]} and run the tests again, or run only the fast tests: npm run test:fast" >&2
  exit 1
fi

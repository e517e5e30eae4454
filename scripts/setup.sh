#!/bin/sh
# Installs what Sluice needs and is missing, on Debian and its relatives.
#
#   scripts/setup.sh            what building and running need
#   scripts/setup.sh --python   what making a Python virtual environment needs
#   scripts/setup.sh --nginx    nginx's program in .build-nginx, for one end-to-end test: nothing is installed or started
set -eu
cd "$(dirname "$0")/.."

fail() {
    printf 'error: %s\n' "$1" >&2
    shift
    for hint in "$@"; do printf 'hint: %s\n' "$hint" >&2; done
    exit 1
}

has_package() {
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

install() {
    [ $# -gt 0 ] || return 0
    command -v apt-get >/dev/null || fail "these Debian packages are missing, and there is no apt-get: $*" \
        "install what your system calls them, then say SLUICE_SKIP_SETUP=1 make …"
    if [ "$(id -u)" -eq 0 ]; then as_root=; elif command -v sudo >/dev/null; then as_root=sudo; else
        fail "these Debian packages are missing, and only root can install them: $*" "as root: apt-get install -y $*"
    fi
    echo "setup: installing $*"
    # Lists may be absent (a container image) or old (packages that are gone from the mirror): renewed once, when needed.
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null 2>&1 || {
        $as_root apt-get update -qq
        $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
    } || fail "apt-get could not install: $*" "run it by hand to see why: apt-get install $*"
}

[ "${SLUICE_SKIP_SETUP:-}" = 1 ] && exit 0

case "${1:-}" in
--python)
    python3 -c 'import ensurepip, venv' 2>/dev/null || install python3 python3-venv
    ;;
--nginx)
    [ -x .build-nginx/usr/sbin/nginx ] && exit 0
    mkdir -p .build-nginx
    if command -v nginx >/dev/null; then
        mkdir -p .build-nginx/usr/sbin
        ln -sf "$(command -v nginx)" .build-nginx/usr/sbin/nginx
        exit 0
    fi
    # Unpacked, not installed: Debian's package would start a server on port 80.
    (cd .build-nginx && { apt-get download -qq nginx 2>/dev/null || { [ "$(id -u)" -ne 0 ] || apt-get update -qq; apt-get download -qq nginx; }; }) ||
        fail "nginx's package could not be downloaded" "as root: apt-get update, and again"
    dpkg -x .build-nginx/nginx_*.deb .build-nginx
    ;;
"")
    command -v swift >/dev/null || fail "there is no swift command" "install Swift 6.2 or later: https://www.swift.org/install/linux/"
    missing=
    for package in libhyperscan-dev libssl-dev libsqlite3-dev zlib1g-dev libbrotli-dev libzstd-dev pkg-config; do
        has_package "$package" || missing="$missing $package"
    done
    for command in curl jq python3 git openssl; do
        command -v "$command" >/dev/null || missing="$missing $command"
    done
    # shellcheck disable=SC2086 # one word each
    install $missing
    ;;
*)
    fail "no such step: $1" "scripts/setup.sh, with --python, with --nginx, or with nothing"
    ;;
esac

#!/usr/bin/env bash
# The programs and fonts that the tests use, from Debian's packages: installed where we may, named where we may not.
set -eu

missing=()
need() { # need PACKAGE COMMAND...: the package, unless the command succeeds
    local package=$1
    shift
    "$@" >/dev/null 2>&1 || missing+=("$package")
}

library() { ldconfig -p | grep -q "$1"; }
browser() { command -v chromium-headless-shell || command -v chromium; }
cjk_font() { fc-list :lang=zh 2>/dev/null | grep -q .; }
postgres_server() { command -v initdb || ls /usr/lib/postgresql/*/bin/initdb; }

need chromium browser
need fontconfig command -v fc-list
need fonts-noto-cjk cjk_font
need libpango-1.0-0 library libpango-1.0.so.0
need libpangoft2-1.0-0 library libpangoft2-1.0.so.0
need libharfbuzz-subset0 library libharfbuzz-subset.so.0
need postgresql postgres_server
need redis-server command -v redis-server

[ ${#missing[@]} -eq 0 ] && exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing ${missing[*]} ..."
    export DEBIAN_FRONTEND=noninteractive
    apt-get -qq update >/dev/null
    shell=chromium-headless-shell # Chromium without its windows, where the system has it
    apt-cache show $shell >/dev/null 2>&1 && missing=("${missing[@]/#chromium/$shell}")
    apt-get -qq install -y --no-install-recommends "${missing[@]}" >/dev/null
else
    echo "The tests need these packages of Debian or Ubuntu: apt-get install ${missing[*]}" >&2
    exit 1
fi

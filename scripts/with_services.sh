#!/usr/bin/env bash
# Runs a command with PostgreSQL and Redis on their usual ports of this machine. What answers there already is used;
# what does not is started for the command, with nothing kept, and stopped after it.
set -u

folder=$(mktemp -d)
redis_started= postgres_started=
PATH="$PATH:$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)"

answers() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

as_server() { # PostgreSQL refuses to run as root
    if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi
}

finish() {
    [ -n "$redis_started" ] && kill "$redis_started" 2>/dev/null
    [ -n "$postgres_started" ] && as_server pg_ctl -D "$folder/postgres" -m immediate stop >/dev/null 2>&1
    rm -rf "$folder"
}
trap finish EXIT

if ! answers 6379 && command -v redis-server >/dev/null; then
    redis-server --port 6379 --bind 127.0.0.1 --save '' --appendonly no --dir "$folder" >"$folder/redis.log" 2>&1 &
    redis_started=$!
fi

if ! answers 5432 && command -v initdb >/dev/null; then
    chmod 755 "$folder"
    mkdir "$folder/postgres"
    [ "$(id -u)" = 0 ] && chown postgres "$folder/postgres"
    if as_server initdb -D "$folder/postgres" -U postgres -A trust -E UTF8 --locale=C.UTF-8 >"$folder/initdb.log" 2>&1 &&
        as_server pg_ctl -D "$folder/postgres" -l "$folder/postgres/server.log" -w start \
            -o "-c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off" >/dev/null 2>&1; then
        postgres_started=yes
    else
        cat "$folder/initdb.log" "$folder/postgres/server.log" >&2 2>/dev/null
    fi
fi

"$@"

#!/bin/sh
# Makes a data folder from a base backup and the archived log, starts PostgreSQL on it, and audits the books:
#
#     PGUSER=… PGDATABASE=… sh restore.sh /backup/base /backup/wal /var/lib/postgresql/restored 5433 \
#       2026-07-01T12:05:00Z
#
# Without a time it restores all that was archived. The time is UTC. The user that runs it owns the data. The
# server that was lost may still run: nothing of it is read or changed. With shards, set DATABASE_SHARDS. A database
# of DATABASE_URLS is not audited alone: restore all of them, and audit them together.
set -eu
export LC_ALL=C
usage='usage: restore.sh BASE_FOLDER WAL_FOLDER NEW_DATA_FOLDER PORT [YYYY-MM-DDTHH:MM:SSZ]'
bases=${1:?$usage}
wal=${2:?$usage}
data=${3:?$usage}
port=${4:?$usage}
time=${5:-}

# How long the log may take to be read, in seconds.
timeout=${RESTORE_TIMEOUT:-3600}
audit=${AUDIT:-node "$(dirname "$0")/../../dist/src/audit.js"}

fail() {
  echo "restore.sh: $1" >&2
  exit 1
}

[ "$(id -u)" -ne 0 ] || fail 'PostgreSQL refuses root: run it as the user of PostgreSQL'
[ ! -e "$data" ] || fail "$data is there already: name a new folder"
case $time in
  '' | [0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]:[0-9]*Z) ;;
  *) fail "$time is no time such as 2026-07-01T12:05:00Z" ;;
esac
case "$wal$time" in *\'*) fail 'no quotes in the paths, please' ;; esac

# The last backup that ended before the time. Their names are times.
latest=$(printf %s "${time:-9}" | tr -d ':-')
base=$(ls "$bases" | sort | awk -v latest="$latest" '("" $0) <= ("" latest)' | tail -n 1)
[ -n "$base" ] || fail "$bases has no backup that ended before ${time:-now}"
for file in postgresql.conf pg_hba.conf; do
  [ -e "$bases/$base/$file" ] ||
    fail "$bases/$base has no $file. Debian keeps it in /etc/postgresql: copy it there from the lost server"
done
echo "restoring $bases/$base${time:+ up to $time}"

cp -R -p "$bases/$base" "$data"
chmod 700 "$data"
# The last value counts. PostgreSQL reads no "Z" here. The restored server waits for no standby of the lost one, and
# archives nothing: it must not write among the files that the lost one wrote.
cat >> "$data/postgresql.auto.conf" <<SETTINGS
restore_command = 'cp "$wal/%f" "%p"'
synchronous_standby_names = ''
recovery_target_timeline = 'latest'
recovery_target_time = '${time:+${time%Z}+00}'
recovery_target_action = 'promote'
archive_mode = off
SETTINGS
touch "$data/recovery.signal"

pg_ctl start --wait --timeout "$timeout" --pgdata "$data" --log "$data.log" --options "-p $port" > /dev/null ||
  fail "PostgreSQL did not start. The end of $data.log:
$(tail -n 5 "$data.log")"

export PGHOST=127.0.0.1 PGPORT="$port"
ask() {
  psql --no-psqlrc --tuples-only --no-align --set ON_ERROR_STOP=1 --command "$1"
}
waited=0
until [ "$(ask 'select pg_is_in_recovery()')" = f ]; do
  [ "$waited" -lt "$timeout" ] || fail "PostgreSQL still reads the log after $timeout s: see $data.log"
  pg_ctl status --pgdata "$data" > /dev/null || fail "PostgreSQL ended. The end of $data.log:
$(tail -n 5 "$data.log")"
  sleep 1
  waited=$((waited + 1))
done

# Cursors of the log from the lost future would be taken for those of new events: docs/events.md.
psql --no-psqlrc --quiet --file "$(dirname "$0")/renew-epoch.sql" > /dev/null
echo "PostgreSQL runs on port $port, with its data in $data"
if [ -n "${DATABASE_URLS:-}" ]; then
  echo 'not audited: DATABASE_URLS has several databases, which are audited together'
else
  DATABASE_URL="postgres://127.0.0.1:$port" $audit
fi

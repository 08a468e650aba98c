#!/bin/sh
# Makes a base backup of a running PostgreSQL, and checks it:
#
#     PGHOST=… PGUSER=… sh backup.sh /backup/base
#
# The role needs REPLICATION. The backup is a folder that has the time of its end as its name. A restore needs
# the write-ahead log from its beginning to the wanted moment: see archive.sh.
set -eu
export LC_ALL=C
folder=${1:?usage: backup.sh FOLDER}

umask 077
mkdir -p "$folder"
work="$folder/.part.$$"
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

pg_basebackup --pgdata "$work" --checkpoint fast --wal-method stream
pg_verifybackup --quiet "$work"
name=$(date -u +%Y%m%dT%H%M%SZ)
mv "$work" "$folder/$name"
for file in postgresql.conf pg_hba.conf; do
  [ -e "$folder/$name/$file" ] ||
    echo "backup.sh: the backup has no $file: Debian keeps it in /etc/postgresql. Back it up, too" >&2
done
echo "$folder/$name"

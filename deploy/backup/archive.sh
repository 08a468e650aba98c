#!/bin/sh
# Keeps one file of PostgreSQL's write-ahead log, in postgresql.conf:
#
#     archive_mode = on
#     archive_timeout = 60
#     archive_command = 'sh /path/to/archive.sh "%p" /backup/wal/%f'
#
# PostgreSQL tries again until it succeeds, and keeps the file until then.
set -eu
source=$1
target=$2

# After a crash, PostgreSQL may ask for a file again that is kept already. Another file with the same name is
# that of another server: never overwrite it.
if [ -f "$target" ]; then
  cmp -s "$source" "$target" && exit 0
  echo "archive.sh: $target is there already, and differs" >&2
  exit 1
fi
# PostgreSQL may crash in the middle: the name comes last. What has it is whole, and on the disk.
cp "$source" "$target.part"
sync "$target.part"
mv "$target.part" "$target"
sync "$(dirname "$target")"

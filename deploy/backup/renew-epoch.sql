-- Gives the log a new epoch, and with shards the log of each shard in this database. Old cursors then get 410
-- `cursor_expired`:
--
--     psql --dbname "$DATABASE_URL" --file deploy/backup/renew-epoch.sql
\set ON_ERROR_STOP on
select format('update %I.event_log set epoch = default', table_schema)
from information_schema.columns where table_name = 'event_log' and column_name = 'epoch'
\gexec

-- Makes the tables of all shards look like those of one database. Tests read the views, and write through
-- them. The schema is the first in the search path of the connections of tests.

create schema all_shards;

-- The same hash as src/shards/hash.ts, on purpose written once more.
create function all_shards.shard_of(name text, shards integer) returns integer language plpgsql immutable as $$
declare
  hash bigint := 2166136261;
  bytes bytea := convert_to(name, 'UTF8');
begin
  for i in 0 .. length(bytes) - 1 loop
    hash := ((hash # get_byte(bytes, i)) * 16777619) & 4294967295;
  end loop;
  return hash % shards;
end $$;

-- Connects to a foreign server, once in a session.
create function all_shards.connect(server text) returns void language plpgsql as $$
begin
  if server <> all (coalesce(dblink_get_connections(), '{}')) then
    perform dblink_connect(server, server);
  end if;
end $$;

-- Rows that a statement inserts through the coordinator of Citus, until it ends: one by one, they would take
-- milliseconds each.
create table all_shards.inserted (
  place bigint generated always as identity, session integer default pg_backend_pid(), table_name text, home text, given jsonb
);

create function all_shards.insert_into_citus() returns trigger language plpgsql as $$
declare
  number text := case tg_table_name when 'events' then 'id' when 'claims' then 'claim_number' end;
  last text := case tg_table_name when 'events' then 'last_event_id' else 'last_claim_number' end;
  part record;
  is_numbered boolean;
begin
  perform all_shards.connect('other_0');
  for part in
    select home, keys, count(*) as count, jsonb_agg(given order by place) as rows
    from (
      select *, array(select key from jsonb_object_keys(given) as key order by key) as keys
      from all_shards.inserted where session = pg_backend_pid() and table_name = tg_table_name
    ) as inserted
    group by home, keys
  loop
    -- Numbers of events and claims come from the row of event_log.
    is_numbered := number is not null and number <> all (part.keys);
    perform dblink_exec('other_0', format(
      case when is_numbered then
        'with drawn as (update %4$s.event_log set %5$s = %5$s + %6$s returning %5$s - %6$s as number) '
      else '' end
      || 'insert into %1$s (%2$s) select %3$s from jsonb_populate_recordset(null::%1$s, %7$L) with ordinality as row',
      format('%s.%I', part.home, tg_table_name),
      array_to_string(part.keys || case when is_numbered then number end, ', '),
      array_to_string(part.keys || case when is_numbered then '(select number from drawn) + ordinality' end, ', '),
      part.home, last, part.count, part.rows));
  end loop;
  delete from all_shards.inserted where session = pg_backend_pid() and table_name = tg_table_name;
  return null;
end $$;

-- Changes or deletes a row through the coordinator of Citus.
create function all_shards.write_to_citus(
  op text, home text, table_name text, old_row jsonb, new_row jsonb
) returns void language plpgsql as $$
declare
  target text := format('%s.%I', home, table_name);
  columns text;
  keys text;
begin
  perform all_shards.connect('other_0');
  select string_agg(format('%1$I = (jsonb_populate_record(null::%2$s, %3$L)).%1$I', key, target, old_row), ' and ')
  into keys
  from jsonb_object_keys(old_row) as key
  where key in ('name', 'coupon_name', 'user_id', 'id', 'coupon_names') and old_row ->> key is not null;
  if op = 'UPDATE' then
    select string_agg(format('%1$I = (jsonb_populate_record(null::%2$s, %3$L)).%1$I', key, target, new_row), ', ')
    into columns
    from jsonb_object_keys(new_row) as key;
    perform dblink_exec('other_0', format('update %s set %s where %s', target, columns, keys));
  else
    perform dblink_exec('other_0', format('delete from %s where %s', target, keys));
  end if;
end $$;

-- Writes a row of a view to the table of its shard. Columns that are not given get their defaults.
create function all_shards.write_row() returns trigger language plpgsql as $$
declare
  shards integer := tg_argv[0];
  row_json jsonb := case when tg_op = 'DELETE' then to_jsonb(old) else to_jsonb(new) end;
  given jsonb := jsonb_strip_nulls(row_json);
  coupon text := coalesce(row_json ->> 'name', row_json ->> 'coupon_name', row_json -> 'coupon_names' ->> 0);
  shard integer := all_shards.shard_of(coupon, shards);
  database integer := shard % tg_argv[1]::integer;
  home text := format('shard_%s_of_%s', shard, shards);
  target text := format('%s%s.%I', home, case when database > 0 then '_remote' else '' end, tg_table_name);
  other text;
  columns text;
  keys text;
begin
  if tg_argv[2]::boolean and tg_op = 'INSERT' then
    insert into all_shards.inserted (table_name, home, given) values (tg_table_name, home, given);
    return new;
  end if;
  if tg_argv[2]::boolean then
    perform all_shards.write_to_citus(tg_op, home, tg_table_name, to_jsonb(old), to_jsonb(new));
    return coalesce(new, old);
  end if;
  if tg_op = 'INSERT' then
    select string_agg(quote_ident(key), ', ') into columns from jsonb_object_keys(given) as key;
    if database > 0 then
      -- By dblink: a foreign table would set columns to null that are not given, instead of their defaults.
      other := format('other_%s', database);
      perform all_shards.connect(other);
      perform dblink_exec(other, format(
        'insert into %1$s.%2$I (%3$s) select %3$s from jsonb_populate_record(null::%1$s.%2$I, %4$L)',
        home, tg_table_name, columns, given));
      return new;
    end if;
    execute format(
      'insert into %1$s (%2$s) select %2$s from jsonb_populate_record(null::%1$s, $1) returning *', target, columns
    ) using given into new;
    return new;
  end if;
  select string_agg(format('%1$I = ($1).%1$I', key), ' and ') into keys
  from jsonb_object_keys(to_jsonb(old)) as key
  where key in ('name', 'coupon_name', 'user_id', 'id', 'coupon_names');
  if tg_op = 'UPDATE' then
    select string_agg(format('%1$I = ($2).%1$I', key), ', ') into columns from jsonb_object_keys(to_jsonb(new)) as key;
    execute format('update %s set %s where %s', target, columns, keys) using old, new;
    return new;
  end if;
  execute format('delete from %s where %s', target, keys) using old;
  return old;
end $$;

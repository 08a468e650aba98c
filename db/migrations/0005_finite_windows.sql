-- A bound is a time, or null.
alter table coupons
  add constraint coupons_window_finite check (isfinite(starts_at) and isfinite(ends_at)) not valid;

-- The latest time of the events that have been deleted. Times do not grow strictly with the ids.
alter table event_log
  add column deleted_until timestamptz not null default '-infinity';

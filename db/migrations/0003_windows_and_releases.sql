-- No foreign key to coupons: `truncate coupons, claims` by hand would fail.
create table released_claims (
  coupon_name varchar(255) collate "C" not null,
  user_id varchar(255) collate "C" not null,
  claim_number bigint not null,
  -- A late retry of the request that made the claim brings this key.
  idempotency_key varchar(255) collate "C",
  claimed_at timestamptz not null,
  released_at timestamptz not null default now(),

  constraint released_claims_pkey primary key (coupon_name, user_id, claim_number)
);

alter table coupons
  -- Null: no bound.
  add column starts_at timestamptz,
  add column ends_at timestamptz,
  -- How many claims have been released. A statement that waited for the lock of the coupon sees here
  -- that its snapshot is older than a release.
  add column releases integer not null default 0,
  add constraint coupons_start_before_end check (starts_at < ends_at);

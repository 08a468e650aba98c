"""Uses the client of openapi-python-client as a program of a customer would."""

import os

from coupons import Client
from coupons.api.claims import claim_coupon, get_claim, list_claims
from coupons.api.coupons import create_coupon
from coupons.api.events import list_events
from coupons.models import ClaimPage, EventPage, NewClaim, NewCoupon, Problem
from coupons.types import UNSET

api = Client(base_url=os.environ["BASE_URL"])
coupon = os.environ["COUPON"]


def expect(what, found, wanted):
    if found != wanted:
        raise SystemExit(f"{what}: {found!r} instead of {wanted!r}")


def claim(user):
    return claim_coupon.sync_detailed(client=api, body=NewClaim(user_id=user, coupon_name=coupon))


def code_of(what, answer):
    expect(what, type(answer.parsed), Problem)
    return answer.parsed.code


created = create_coupon.sync_detailed(client=api, body=NewCoupon(name=coupon, amount=5))
expect("create", created.status_code, 201)
for user in ["ada", "grace", "alan"]:
    expect("claim", claim(user).status_code, 200)
expect("claim again", code_of("claim again", claim("ada")), "already_claimed")

missing = get_claim.sync_detailed(coupon, "nobody", client=api)
expect("look up", code_of("look up", missing), os.environ["MISSING_CODE"])

users = []
cursor = UNSET
while True:
    page = list_claims.sync(coupon, client=api, limit=2, cursor=cursor)
    expect("pages", type(page), ClaimPage)
    users += [item.user_id for item in page.items]
    cursor = page.next_cursor
    if cursor is UNSET:
        break
expect("pages", users, ["ada", "grace", "alan"])

claims = 0
after = UNSET
while True:
    page = list_events.sync(client=api, after=after)
    expect("events", type(page), EventPage)
    if not page.items:
        break
    claims += sum(event.subject == coupon and event.data.user_id is not UNSET for event in page.items)
    after = page.next_cursor
expect("events", claims, 3)

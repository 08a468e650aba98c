import { createClient } from '@redis/client';
import type { Claims } from '../../src/claims/lanes.js';
import type { ClaimOutcome } from '../../src/claims/outcome.js';

/** The hash with the stock of a coupon. */
export const couponKey = (name: string) => `coupon:${name}`;
/** The hash with the holders of a coupon: their place in the order, and the key of the request. */
export const holdersKey = (name: string) => `holders:${name}`;

/**
 * What Redis keeps of a claim: who holds it, its place in the order, and the key of the request. It keeps no
 * time, no log of events and no claims by user, which PostgreSQL does.
 */
const SCRIPT = `
local held = redis.call('HGET', KEYS[2], ARGV[1])
if held then
  if string.sub(held, string.find(held, ' ', 1, true) + 1) == ARGV[2] then return 'replayed' end
  return 'already_claimed'
end
local remaining = redis.call('HGET', KEYS[1], 'remaining')
if not remaining then return 'coupon_not_found' end
if tonumber(remaining) <= 0 then return 'out_of_stock' end
redis.call('HINCRBY', KEYS[1], 'remaining', -1)
local place = redis.call('HINCRBY', KEYS[1], 'claims', 1)
redis.call('HSET', KEYS[2], ARGV[1], place .. ' ' .. ARGV[2])
return 'claimed'`;

/**
 * Decides claims by a Lua script in Redis. The claims that arrive together leave in one write over one
 * connection. Redis runs those that it reads together one after the other, and answers them after one fsync.
 */
export async function claimByScript(url: string): Promise<Claims['claimCoupon']> {
  const client = createClient({ url });
  client.on('error', () => {});
  await client.connect();
  const script = await client.scriptLoad(SCRIPT);
  let count = 0;
  return async (couponName, userId, key = `peer.${process.pid}.${++count}`) => {
    const keys = [couponKey(couponName), holdersKey(couponName)];
    const outcome = await client.evalSha(script, { keys, arguments: [userId, key] });
    return outcome as unknown as ClaimOutcome;
  };
}

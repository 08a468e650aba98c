import { createClient } from '@redis/client';
import { Lanes } from '../../src/claims/lanes.js';
import type { ClaimOutcome, ClaimRequest } from '../../src/claims/outcome.js';
import type { Config } from '../../src/config.js';

/** The hash with the stock of a coupon. */
export const couponKey = (name: string) => `coupon:${name}`;
/** The hash with the holders of a coupon: their place in the order, and the key of the request. */
export const holdersKey = (name: string) => `holders:${name}`;

const outcomes: Record<string, ClaimOutcome> = {
  c: 'claimed',
  r: 'replayed',
  a: 'already_claimed',
  s: 'out_of_stock',
  n: 'coupon_not_found',
};

/**
 * Decides the claims of a batch: three arguments for each, and a letter as its outcome. It keeps who holds a
 * coupon, the place in the order, and the key of the request. It keeps no time, no log of events and no
 * claims by user, which the tables of the service do.
 */
const SCRIPT = `
local letters = {}
for i = 1, #ARGV, 3 do
  local coupon, holders = 'coupon:' .. ARGV[i], 'holders:' .. ARGV[i]
  local user, key = ARGV[i + 1], ARGV[i + 2]
  local held = redis.call('HGET', holders, user)
  local letter = 'c'
  if held then
    letter = string.sub(held, string.find(held, ' ', 1, true) + 1) == key and 'r' or 'a'
  else
    local remaining = redis.call('HGET', coupon, 'remaining')
    if not remaining then
      letter = 'n'
    elseif tonumber(remaining) <= 0 then
      letter = 's'
    else
      redis.call('HINCRBY', coupon, 'remaining', -1)
      local place = redis.call('HINCRBY', coupon, 'claims', 1)
      redis.call('HSET', holders, user, place .. ' ' .. key)
    end
  end
  letters[#letters + 1] = letter
end
return table.concat(letters)`;

/**
 * Decides claims by a Lua script in Redis. All but the database is that of the service: the same lanes
 * collect batches, and send one ahead over the connection while another one runs. A command for each claim,
 * pipelined, costs the server five times as much processor time in the client.
 */
export async function openRedisLanes(url: string, config: Config): Promise<Lanes> {
  const open = async () => {
    const client = createClient({ url });
    // Without a listener, an error ends the process. Whoever waits for an answer gets it, too.
    client.on('error', () => {});
    await client.connect();
    const script = await client.scriptLoad(SCRIPT);
    return async (requests: readonly ClaimRequest[]) => {
      const args = requests.flatMap(({ couponName, userId, key }) => [couponName, userId, key]);
      const letters = await client.evalSha(script, { arguments: args });
      return {
        outcomes: Array.from(letters as unknown as string, (letter) => outcomes[letter]),
        // Redis runs one script at a time: nobody waits in the middle of one.
        isContended: false,
      };
    };
  };
  return new Lanes({
    run: await Promise.all(Array.from({ length: config.CLAIM_LANES }, open)),
    batchSizeMax: config.CLAIM_BATCH_SIZE_MAX,
    waitingMax: config.CLAIMS_WAITING_MAX,
    waitMsMax: config.CLAIM_WAIT_TIMEOUT_MS,
    unknownMsMax: config.CLAIM_OUTCOME_TIMEOUT_MS,
  });
}

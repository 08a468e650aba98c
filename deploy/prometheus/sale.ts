const BUYERS = 64;
const STOCK = 5_000;

/**
 * Sells a coupon to buyers, each of whom claims as soon as the last answer came, until the time is over. The
 * coupon sells out meanwhile. Some buyers claim twice, read the coupon, or ask for one that does not exist.
 * @returns the number of answers.
 */
export async function sell(url: string, durationMs: number): Promise<number> {
  await post(`${url}/api/coupons`, { name: 'SUMMER', amount: STOCK });
  const end = Date.now() + durationMs;
  let answers = 0;
  const buyer = async () => {
    while (Date.now() < end) {
      const claim = { coupon_name: 'SUMMER', user_id: `user-${answers++}` };
      await post(`${url}/api/coupons/claim`, claim);
      if (answers % 100 !== 0) continue;
      await post(`${url}/api/coupons/claim`, claim);
      await post(`${url}/api/coupons/claim`, { ...claim, coupon_name: 'WINTER' });
      await get(`${url}/api/coupons/SUMMER?claimed_by=false`);
      await get(`${url}/api/coupons/SUMMER/claims?limit=10`);
      answers += 4;
    }
  };
  await Promise.all(Array.from({ length: BUYERS }, buyer));
  return answers;
}

/** @throws Error if the service is to blame for the answer. */
async function take(response: Response): Promise<void> {
  const text = await response.text();
  if (response.status >= 500) throw new Error(`${response.url}: ${response.status} ${text}`);
}

async function post(url: string, body: object): Promise<void> {
  const headers = { 'Content-Type': 'application/json' };
  await take(await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) }));
}

async function get(url: string): Promise<void> {
  await take(await fetch(url));
}

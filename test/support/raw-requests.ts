/** Returns the bytes of a request, with a Host and a length unless `headers` has its own lines for them. */
export function requestBytes(
  method: string,
  target: string,
  { headers = [], body }: { headers?: readonly string[]; body?: string } = {},
): string {
  const has = (names: string) => headers.some((line) => new RegExp(`^(${names}) *:`, 'i').test(line));
  const lines = [`${method} ${target} HTTP/1.1`];
  if (!has('host')) lines.push('Host: localhost');
  lines.push(...headers);
  if (body !== undefined && !has('content-length|transfer-encoding')) {
    lines.push(`Content-Length: ${Buffer.byteLength(body)}`);
  }
  return `${lines.join('\r\n')}\r\n\r\n${body ?? ''}`;
}

/** Returns the bytes of a claim. Its request id is `claim-of-` and the user's id. */
export function claimBytes(couponName: string, userId: string, headers: readonly string[] = []): string {
  return requestBytes('POST', '/api/coupons/claim', {
    headers: ['Content-Type: application/json', `X-Request-Id: claim-of-${userId}`, ...headers],
    body: JSON.stringify({ user_id: userId, coupon_name: couponName }),
  });
}

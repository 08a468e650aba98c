const OFFSET_BASIS = 0x811c9dc5;
const PRIME = 0x01000193;
const ASCII_MAX = 0x7f;

/**
 * The hash of a coupon's name: FNV-1a (Fowler, Noll, Vo) of 32 bits, over the bytes of the name in UTF-8.
 * It decides in which shard the coupon lives, so it must stay the same for ever: docs/shards.md has it.
 */
export function hashOf(couponName: string): number {
  let hash = OFFSET_BASIS;
  for (let i = 0; i < couponName.length; i++) {
    const unit = couponName.charCodeAt(i);
    if (unit > ASCII_MAX) return hashOfBytes(Buffer.from(couponName));
    hash = Math.imul(hash ^ unit, PRIME);
  }
  return hash >>> 0;
}

function hashOfBytes(bytes: Uint8Array): number {
  let hash = OFFSET_BASIS;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, PRIME);
  return hash >>> 0;
}

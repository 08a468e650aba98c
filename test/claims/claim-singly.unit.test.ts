import t from 'tap';
import { claimSingly, Undecided } from '../../src/claims/claims.js';

t.test('many claims are decided one by one, and one that fails keeps its key', async (t) => {
  const failure = new Error('away');
  const claims = claimSingly(async (couponName) => {
    if (couponName === 'AWAY') throw failure;
    return 'claimed';
  });
  const outcomes = await claims.claimCoupons(
    [
      { couponName: 'A', userId: 'ada' },
      { couponName: 'AWAY', userId: 'ada', key: 'k' },
      { couponName: 'AWAY', userId: 'ben' },
    ],
    { destroyed: false },
  );
  t.same(outcomes, ['claimed', new Undecided(failure, 'k'), new Undecided(failure, '')]);
});

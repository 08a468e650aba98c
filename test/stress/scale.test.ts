import t from 'tap';
import { runFlashSale } from '../support/flash-sale.js';

for (const [people, stock] of [
  [100, 10],
  [200, 20],
  [500, 50],
] as const) {
  t.test(`scale: ${people} users race for ${stock} coupons, and ${stock} of them get one`, (t) =>
    runFlashSale(t, people, stock),
  );
}

import t from 'tap';
import { runFlashSale } from '../support/flash-sale.js';

t.test('flash sale: 50 users race for 5 coupons, and 5 of them get one', (t) => runFlashSale(t, 50, 5));

import { Counter, Gauge, type Registry } from 'prom-client';

export interface RelayMetrics {
  /** Whether this relay is the one that sends. */
  setActive(isActive: boolean): void;
  /** `failed`: an attempt failed, and another one follows. `dead`: the event was given up. */
  count(result: 'delivered' | 'failed' | 'dead'): void;
}

/** Measures what the relay of this process does. */
export function measureRelay(registry: Registry): RelayMetrics {
  const active = new Gauge({
    name: 'coupon_relay_active',
    help: 'Whether this relay is the one that sends: 1 of all relays is.',
    registers: [registry],
  });
  const deliveries = new Counter({
    name: 'coupon_relay_deliveries_total',
    help: 'Events that were delivered, attempts that failed, and events that were given up (dead).',
    labelNames: ['result'],
    registers: [registry],
  });
  for (const result of ['delivered', 'failed', 'dead']) deliveries.inc({ result }, 0);
  return {
    setActive: (isActive) => active.set(Number(isActive)),
    count: (result) => deliveries.inc({ result }),
  };
}

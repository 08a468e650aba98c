import type { Random } from '../../test/simulation/random.js';

/** A random time with this mean, such as that between two arrivals of a Poisson process. */
export function exponential(random: Random, mean: number): number {
  return -Math.log((random.below(2 ** 32) + 1) / 2 ** 32) * mean;
}

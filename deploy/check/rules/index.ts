import type { Manifest } from '../manifest.js';
import { containerRules } from './containers.js';
import { environmentRules } from './environment.js';
import { networkRules } from './network.js';
import { rolloutRules } from './rollout.js';

/** Returns a sentence for each place that breaks the rule. */
export type Rule = (manifests: Manifest[]) => string[];

/** By name. `npm run test:deploy` shows for each one a chart that breaks it. */
export const rules: Record<string, Rule> = {
  ...containerRules,
  ...rolloutRules,
  ...environmentRules,
  ...networkRules,
};

/** A line for each place that breaks a rule: the rule, and the place. */
export function findings(manifests: Manifest[]): string[] {
  return Object.entries(rules).flatMap(([name, rule]) => rule(manifests).map((place) => `${name}: ${place}`));
}

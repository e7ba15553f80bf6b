import { expect, test } from 'vitest';
import { SLOTS_MAX } from './slots.ts';
import { actRequest } from './testing/index.ts';
import { engineOf, layersOf, layersWith, ruleText } from './testing/policies.ts';

test('more engines than slots: each keeps its own rules, whichever was used last', () => {
  const engines = Array.from({ length: SLOTS_MAX + 2 }, (_, index) => {
    const opens = index % 2 === 0;
    const layers = opens
      ? layersOf({ data: ruleText(`data.open-${index}`, 'permit') })
      : layersWith('data', ruleText(`data.shut-${index}`, 'forbid'));
    return { engine: engineOf(layers), opens, rule: opens ? `data.open-${index}` : `data.shut-${index}` };
  });
  for (const round of [engines, [...engines].reverse()])
    for (const { engine, opens, rule } of round) {
      const decision = engine.decide(actRequest());
      expect(decision.outcome).toBe(opens ? 'permit' : 'refuse');
      expect(decision.layers[1]?.rules).toEqual([rule]);
    }
});

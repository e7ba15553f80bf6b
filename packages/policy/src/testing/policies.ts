import { fixedClock, LAYERS, type Layer } from '@portreeve/contract';
import { createPolicyEngine, type PolicyEngine } from '../engine.ts';
import type { PolicyLayers } from '../sources.ts';

/** A rule with its annotations. `head`: further annotations; `scope` and `tail` are Cedar. */
export function ruleText(
  id: string,
  effect: 'permit' | 'forbid',
  { scope = 'principal, action, resource', tail = '', head = '' } = {},
): string {
  return `@id("${id}") @code("test_rule") @reason("A rule of a test.") ${head}\n${effect} (${scope}) ${tail};\n`;
}

/** Four layers that permit everything, with these texts in place of whole layers. */
export function layersOf(texts: Partial<Record<Layer, string>> = {}): PolicyLayers {
  const layer = (name: Layer) => [
    { file: `${name}.cedar`, text: texts[name] ?? ruleText(`${name}.permit-all`, 'permit') },
  ];
  return {
    identity: layer('identity'),
    data: layer('data'),
    action: layer('action'),
    environment: layer('environment'),
  };
}

/** {@link layersOf} with a rule added to one layer. */
export function layersWith(layer: Layer, rule: string): PolicyLayers {
  return layersOf({ [layer]: ruleText(`${layer}.permit-all`, 'permit') + rule });
}

export function engineOf(layers: PolicyLayers): PolicyEngine {
  return createPolicyEngine({ layers, clock: fixedClock('2026-11-20T10:00:00Z') });
}

/** How open an outcome is: 0 goes on by itself. */
export const STRICTNESS = { permit: 0, notify: 1, narrow: 2, approve: 2, refuse: 3 } as const;

export const layerOf = (decision: ReturnType<PolicyEngine['decide']>, layer: Layer) =>
  decision.layers[LAYERS.indexOf(layer)]!;

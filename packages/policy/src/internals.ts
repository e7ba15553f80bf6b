import type { ToolShapes } from './arguments.ts';
import type { Rule } from './rules.ts';

/** What the functions of this package know of an engine beyond its face. */
export interface EngineInternals {
  readonly rules: readonly Rule[];
  readonly schema: string;
  readonly shapes: ToolShapes;
}

const internalsByEngine = new WeakMap<object, EngineInternals>();

export function registerInternals(engine: object, internals: EngineInternals): void {
  internalsByEngine.set(engine, internals);
}

/** Throws for an engine that `createPolicyEngine` did not make. */
export function internalsOf(engine: object): EngineInternals {
  const internals = internalsByEngine.get(engine);
  if (internals === undefined) throw new TypeError('not an engine of createPolicyEngine');
  return internals;
}

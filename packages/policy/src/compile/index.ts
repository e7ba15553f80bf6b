import type { CedarRequest } from '../facts.ts';
import { requestReader } from './read.ts';
import type { CompiledRequest } from './request.ts';
import { readSchema } from './schema.ts';
import { forEachCandidate, type RuleToCompile, sliceByAction } from './slice.ts';

export { RequestFault, Unsupported } from './fault.ts';
export type { CompiledRequest } from './request.ts';
export type { RuleToCompile } from './slice.ts';

/** What a set of rules says of one request: who applies, sorted by id, and whether a rule failed. */
export interface RuleSetAnswer<R> {
  readonly permits: readonly R[];
  readonly forbids: readonly R[];
  /** Rules whose evaluation failed. Why they failed is the official engine's to say. */
  readonly failed: readonly R[];
}

export type CompiledRuleSet<R> = (request: CompiledRequest) => RuleSetAnswer<R>;

/** A schema compiled: reads requests, and compiles rules that were validated against it. */
export interface CompiledSchema {
  /** Throws `RequestFault` for a request that does not fit the schema. */
  readonly read: (request: CedarRequest) => CompiledRequest;
  /**
   * Compiles a set of rules. INVARIANT: they were validated (strict) against this schema; what validation excludes, such
   * as comparing a text with a number, is not checked again. Throws `Unsupported`.
   */
  readonly compile: <R extends RuleToCompile>(rules: readonly R[]) => CompiledRuleSet<R>;
}

/** Throws `Unsupported` for a schema that the compiler does not know. */
export function compileSchema(text: string): CompiledSchema {
  const schema = readSchema(text);
  return {
    read: requestReader(schema),
    compile: (rules) => {
      const slices = sliceByAction(rules, schema);
      return (request) => {
        const slice = slices.get(request.action.id);
        if (slice === undefined) throw new Error(`no such action: ${request.action.id}`);
        const permits: (typeof rules)[number][] = [];
        const forbids: (typeof rules)[number][] = [];
        const failed: (typeof rules)[number][] = [];
        forEachCandidate(slice, request, ({ rule, applies }) => {
          try {
            if (applies(request)) (rule.effect === 'permit' ? permits : forbids).push(rule);
          } catch {
            failed.push(rule);
          }
        });
        return { permits: sorted(permits), forbids: sorted(forbids), failed: sorted(failed) };
      };
    },
  };
}

const sorted = <R extends RuleToCompile>(rules: R[]): R[] =>
  rules.length < 2 ? rules : rules.sort((a, b) => (a.id < b.id ? -1 : 1));

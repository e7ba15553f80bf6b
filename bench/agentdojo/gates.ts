import type { Call, ToolLabels, Trace } from './data.ts';

/** What became of one call: it ran by itself, a person was asked, or it was refused. */
export type Verdict = 'ran' | 'asked' | 'refused';

/** A gate before one run of calls: it judges them in order, and is told which were carried out. */
export interface GateUnderTest {
  readonly name: string;
  /** `intended`: the tools that the intent has, once for each time that they may be used. */
  begin(trace: Trace, tools: ReadonlyMap<string, ToolLabels>, intended: readonly string[]): Replay;
}

export interface Replay {
  judge(call: Call, index: number): Promise<Verdict>;
  /** After a person was asked: what they said. */
  answer(call: Call, index: number, isApproved: boolean): Promise<void>;
}

export const isEffect = (call: Call, tools: ReadonlyMap<string, ToolLabels>): boolean => {
  const tool = tools.get(call.tool);
  const effect = tool?.effect ?? call.effect ?? 'external';
  return effect !== 'read' || tool?.egress === true;
};

/**
 * The reference gates of the set's README: literal matching by `arg_sources` alone.
 * `loose` is `strict` without a look at payloads.
 */
export function referenceGate(name: 'ask always' | 'strict' | 'loose'): GateUnderTest {
  return {
    name,
    begin(_trace, tools, intended) {
      const clean = new Set<string>();
      const left = new Map<string, number>();
      for (const tool of intended) left.set(tool, (left.get(tool) ?? 0) + 1);
      let tainted = false;

      const isTrusted = (sources: readonly string[]) =>
        sources.includes('prompt') || (sources.length > 0 && sources.every((source) => clean.has(source)));
      const all = (call: Call, names: readonly string[] | undefined) =>
        Object.entries(call.arg_sources ?? {})
          .filter(([path]) => names?.includes(path.split(/[[.]/)[0]!))
          .map(([, sources]) => sources);

      function isAutomatic(call: Call, tool: ToolLabels): boolean {
        if (name === 'ask always' || (left.get(call.tool) ?? 0) < 1 || tool.destructive) return false;
        if (!all(call, tool.target_args).every(isTrusted)) return false;
        if (!tainted) return true;
        const sinks = all(call, tool.sink_args);
        const isPayloadTrusted = name === 'loose' || all(call, tool.payload_args).every(isTrusted);
        if (sinks.length === 0) return isPayloadTrusted;
        return sinks.every((sources) => sources.includes('prompt')) || (sinks.every(isTrusted) && isPayloadTrusted);
      }

      function carryOut(call: Call, index: number): void {
        const tool = tools.get(call.tool);
        left.set(call.tool, (left.get(call.tool) ?? 0) - 1);
        const echoes = tainted && !Object.values(call.arg_sources ?? {}).every(isTrusted);
        if (tool?.returns_untrusted === false && !echoes) clean.add(`out:${index}`);
        if (tool?.returns_untrusted !== false) tainted = true;
      }

      return {
        async judge(call, index) {
          const tool = tools.get(call.tool);
          const verdict = !isEffect(call, tools) || (tool && isAutomatic(call, tool)) ? 'ran' : 'asked';
          if (verdict === 'ran') carryOut(call, index);
          return verdict;
        },
        async answer(call, index, isApproved) {
          if (isApproved) carryOut(call, index);
        },
      };
    },
  };
}

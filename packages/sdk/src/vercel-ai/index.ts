import { type Gate, GateBlocked, type NameOf, nameIn } from '../gate/index.ts';
import { namedCalls } from '../gate/name-calls.ts';
import { unnamed } from '../gate/names.ts';

/** A tool of the Vercel AI SDK (`ai` 7), as far as it matters here. */
interface AiTool {
  // biome-ignore lint/suspicious/noExplicitAny: the tool's own types, which are kept
  execute?: (input: any, options: any) => any;
}

/**
 * The same tools, each of which asks the gate before it runs; one that is blocked throws {@link GateBlocked}, which the SDK
 * shows to the model as the tool's error. What the gateway carries out itself does not run here a second time. `names` says which tool of the gateway stands for which. Throws `TypeError` for a
 * tool that nobody has named, or that runs elsewhere: that could not be held.
 */
export function governTools<Tools extends Readonly<Record<string, AiTool>>>(
  gate: Gate,
  tools: Tools,
  names: NameOf,
): Tools {
  const ask = namedCalls(gate);
  const governed = Object.entries(tools).map(([name, tool]) => {
    const { execute } = tool;
    const named = nameIn(names, name);
    if (named === null) throw new TypeError(unnamed(name).say);
    if (!execute) throw new TypeError(`${name} has no execute here: what runs elsewhere cannot be held.`);
    const held = async (
      input: Record<string, unknown>,
      options: { toolCallId?: string; abortSignal?: AbortSignal },
    ) => {
      const signal = options.abortSignal ? { signal: options.abortSignal } : {};
      const verdict = await ask({ tool: named, args: input, ...signal }, options.toolCallId);
      if (!verdict.go) throw new GateBlocked(verdict);
      return verdict.by === 'caller' ? execute.call(tool, input, options) : verdict.result;
    };
    return [name, { ...tool, execute: held }] as const;
  });
  return Object.fromEntries(governed) as Tools;
}

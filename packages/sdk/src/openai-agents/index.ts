import { type Gate, type NameOf, nameIn } from '../gate/index.ts';
import { namedCalls } from '../gate/name-calls.ts';
import { unnamed } from '../gate/names.ts';

/** A function tool of the OpenAI Agents SDK (`@openai/agents` 0.20), as far as it matters here. */
interface FunctionTool {
  readonly type: 'function';
  readonly name: string;
  // biome-ignore lint/suspicious/noExplicitAny: the tool's own types, which are kept
  invoke(context: any, input: string, details?: any): Promise<any>;
}

/**
 * The same tools, each of which asks the gate before it runs; of one that is blocked the model is told why, and nothing
 * runs. What the gateway carries out itself does not run here a second time. `names` says which tool of the gateway stands for which. Throws `TypeError` for a tool that nobody has named, or
 * that is no function: a hosted tool runs elsewhere and could not be held.
 */
export function governTools<Tool extends { readonly type: string; readonly name: string }>(
  gate: Gate,
  tools: readonly Tool[],
  names: NameOf,
): Tool[] {
  const ask = namedCalls(gate);
  return tools.map((tool) => {
    const named = nameIn(names, tool.name);
    if (named === null) throw new TypeError(unnamed(tool.name).say);
    if (tool.type !== 'function' || !('invoke' in tool))
      throw new TypeError(`${tool.name} is no function here: what runs elsewhere cannot be held.`);
    const { invoke } = tool as unknown as FunctionTool;
    const held: FunctionTool['invoke'] = async (context, input, details) => {
      const args = argsOf(input);
      if (args === null) return 'The arguments are no JSON object: nothing was done.';
      const verdict = await ask({ tool: named, args }, details?.toolCall?.callId);
      if (!verdict.go) return verdict.say;
      return verdict.by === 'caller' ? invoke.call(tool, context, input, details) : verdict.result;
    };
    return { ...tool, invoke: held };
  });
}

/** What is judged and what runs are the same text: it is parsed once here and once by the tool. */
function argsOf(input: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(input === '' ? '{}' : input);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : null;
  } catch {
    return null;
  }
}

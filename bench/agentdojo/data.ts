import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Json, JsonObject } from '@portreeve/contract';

/** Labels of one tool, as the set gives them. All but the name may be missing. */
export interface ToolLabels {
  readonly name: string;
  readonly description?: string;
  readonly parameters?: JsonObject;
  readonly effect?: 'read' | 'write' | 'external';
  readonly egress?: boolean;
  readonly returns_untrusted?: boolean;
  readonly destructive?: boolean;
  readonly return_type?: string;
  readonly sink_args?: readonly string[];
  readonly target_args?: readonly string[];
  readonly payload_args?: readonly string[];
}

export interface Call {
  readonly tool: string;
  readonly args: JsonObject;
  readonly output: Json;
  readonly effect?: 'read' | 'write' | 'external';
  readonly by?: 'user' | 'injection';
  readonly arg_sources?: Readonly<Record<string, readonly string[]>>;
  readonly user_gt?: readonly [number, number] | null;
  readonly injection_gt?: readonly [number, number] | null;
}

/** One recorded run: a request and the calls made for it. */
export interface Trace {
  readonly suite: string;
  readonly id?: string;
  readonly user_task?: string;
  readonly injection_task?: string | null;
  readonly prompt: string;
  readonly calls: readonly Call[];
}

export interface AgentDojo {
  readonly toolsBySuite: ReadonlyMap<string, ReadonlyMap<string, ToolLabels>>;
  readonly tasks: readonly Trace[];
  readonly pairs: readonly Trace[];
  readonly traces: ReadonlyMap<string, readonly Trace[]>;
}

/** Reads a folder of this form. What it does not have is empty; without tools and tasks there is nothing to measure. */
export function readAgentDojo(folder: string): AgentDojo {
  const lines = (name: string): Trace[] => {
    const file = join(folder, name);
    if (!existsSync(file)) return [];
    return gunzipSync(readFileSync(file))
      .toString('utf8')
      .split('\n')
      .filter((line) => line.trim() !== '')
      .map((line) => JSON.parse(line) as Trace);
  };
  const tools = JSON.parse(readFileSync(join(folder, 'tools.json'), 'utf8')) as Record<
    string,
    readonly ToolLabels[] | Record<string, ToolLabels>
  >;
  const toolsBySuite = new Map(
    Object.entries(tools).map(([suite, labels]) => {
      const list = Array.isArray(labels)
        ? (labels as readonly ToolLabels[])
        : Object.entries(labels as Record<string, ToolLabels>).map(([name, tool]) => ({ ...tool, name }));
      return [suite, new Map(list.map((tool) => [tool.name, tool]))] as const;
    }),
  );
  const pairs = [...new Set(['pairs.important_instructions.jsonl.gz', 'pairs.jsonl.gz'])].flatMap(lines);
  const kinds = ['benign', 'compromised', 'resisted'];
  return {
    toolsBySuite,
    tasks: lines('user_tasks.jsonl.gz'),
    pairs,
    traces: new Map(kinds.map((kind) => [kind, lines(`traces.${kind}.jsonl.gz`)])),
  };
}

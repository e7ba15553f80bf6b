import {
  type AuditWriter,
  type Clock,
  type Digest,
  draft,
  type JsonObject,
  type McpUpstream,
  mcpDefinitionDigest,
  SYSTEM_ACTOR,
  type ToolContract,
  type UnitOfWork,
} from '@portreeve/contract';
import type { McpCatalogue } from '@portreeve/execute';
import type { Toolset } from '@portreeve/gate';
import type { ChangeStore } from '@portreeve/govern';
import type { DefinitionHead, DefinitionStore, StoredDefinition } from '../store/mcp-definitions.ts';
import { type Definition, governed, pinnedPart, readContract } from './contract-of.ts';
import { openDefinitionChange } from './definition-change.ts';
import { scanDefinition } from './scan-definition.ts';
import { toolsetOf } from './toolsets.ts';

/** One tool as a client sees it, and as it is governed. */
export interface ExposedTool {
  readonly name: string;
  readonly shown: JsonObject;
  readonly contract: ToolContract;
}

/** What an upstream offers that a client may know of. */
export interface UpstreamState {
  readonly toolset: Toolset;
  readonly tools: readonly ExposedTool[];
  /** Why a tool that it shows is not offered, by its name. */
  readonly withheld: ReadonlyMap<string, string>;
  readonly resources: readonly JsonObject[];
  readonly templates: readonly JsonObject[];
  readonly prompts: readonly JsonObject[];
  readonly reads: { readonly [M in 'resources/read' | 'prompts/get' | 'completion/complete']: ToolContract };
  readonly completions: boolean;
  readonly answers: boolean;
}

export interface UpstreamDeps {
  readonly config: McpUpstream;
  readonly definitions: DefinitionStore;
  readonly changes: Pick<ChangeStore, 'open'>;
  readonly audit: AuditWriter;
  readonly uow: UnitOfWork;
  readonly clock: Clock;
  /** Reads its lists; throws where it does not answer. */
  readonly read: (upstream: McpUpstream) => Promise<McpCatalogue>;
  /** Told what went wrong with what it answered, or with the database. */
  readonly log: (error: unknown) => void;
}

/**
 * Definitions that nobody has decided on: of one tool, and of all. A server that shows another one at each look fills no
 * database and no log; beyond these its tools are withheld without a note, until a person has decided on some.
 */
const UNDECIDED_OF_TOOL_MAX = 8;
const UNDECIDED_MAX = 2048;
const FLOOD = 'flood:undecided_definitions';

const NOTHING: McpCatalogue = { tools: [], resources: [], templates: [], prompts: [], completions: false };

/** An MCP server behind the gateway: only what a person has approved, and that the server still shows as approved, is there. */
export function createUpstream(deps: UpstreamDeps) {
  const { config, definitions } = deps;
  const reads = readContracts(config);
  let catalogue = NOTHING;
  let state = stateOf([], false);

  /** Reads the server and the approvals anew, and says what clients see anew. Never throws: what fails leaves no tools. */
  async function refresh(): Promise<Changed | null> {
    try {
      return await look();
    } catch (error) {
      // INVARIANT: what cannot be looked at is not offered. The state of before may hold what was withdrawn since.
      catalogue = NOTHING;
      state = stateOf([], false);
      deps.log(error);
      return { resources: [] };
    }
  }

  async function look(): Promise<Changed | null> {
    const found = await deps.read(config).catch(() => null);
    if (found) catalogue = found;
    const before = state;
    state = stateOf(await approve(), found !== null);
    if (JSON.stringify(visible(state)) === JSON.stringify(visible(before))) return null;
    const known = new Map(before.resources.map((item) => [item.uri, JSON.stringify(item)]));
    const updated = state.resources.filter(({ uri, ...item }) => known.get(uri) !== JSON.stringify({ uri, ...item }));
    return { resources: updated.map(({ uri }) => String(uri)) };
  }

  /** Notes what is new, and gives the tools that are shown as they were approved. */
  async function approve(): Promise<readonly Seen[]> {
    const stored = await definitions.heads(config.name);
    const seen = catalogue.tools.flatMap((tool) => seenTool(tool) ?? []);
    const undecided = stored.filter(({ state }) => state === 'withheld').map(({ tool }) => tool);
    for (const each of seen) {
      const { name } = each.part;
      if (stored.some(({ tool, definition }) => tool === name && definition === each.digest)) continue;
      const left = Math.min(
        UNDECIDED_OF_TOOL_MAX - undecided.filter((tool) => tool === name).length,
        UNDECIDED_MAX - undecided.length,
      );
      if (left <= 0) continue;
      await note(each, stored, left === 1);
      undecided.push(name);
    }
    return seen.map((each) => ({ ...each, approved: isApproved(stored, each) }));
  }

  /** `last`: as many wait for a decision as may, so that no more are noted; the record of this one says so. */
  async function note({ part, digest }: Seen, stored: readonly DefinitionHead[], last: boolean): Promise<void> {
    const { clock, audit, uow } = deps;
    const before = stored.find(({ tool, state }) => tool === part.name && state === 'approved');
    const body = part as unknown as JsonObject;
    const was = before ? await bodyOf(before) : null;
    await uow.transaction(async (tx) => {
      const at = clock.now().toISOString();
      const seen = { upstream: config.name, tool: part.name, definition: digest, body, seen_at: at };
      if (!(await definitions.see(tx, seen))) return;
      const opened = await openDefinitionChange(deps, tx, { tool: part.name, digest, body, before: was });
      await audit.append(tx, [
        draft({
          type: 'mcp.definition_withheld',
          actor: SYSTEM_ACTOR,
          data: {
            upstream: config.name,
            tool: part.name,
            definition: digest,
            replaces: before?.definition ?? null,
            findings: [...(last ? [FLOOD] : []), ...scanDefinition(body)].slice(0, 64),
          },
        }),
        ...opened,
      ]);
    });
  }

  async function bodyOf({ tool, definition }: DefinitionHead): Promise<StoredDefinition | null> {
    const all = await definitions.list({ upstream: config.name, definition });
    return all.find((each) => each.tool === tool) ?? null;
  }

  function stateOf(seen: readonly Seen[], answers: boolean): UpstreamState {
    const withheld = new Map<string, string>();
    const tools: ExposedTool[] = [];
    for (const { part, approved } of seen) {
      const made = governed(config, part);
      if (!made.ok) withheld.set(part.name, made.why);
      else if (!approved) withheld.set(part.name, 'nobody has approved it as it is shown');
      else tools.push({ name: String(made.shown.name), shown: made.shown, contract: made.contract });
    }
    const single = tools.filter(({ name, contract, shown }) => {
      const same = tools.filter((other) => other.contract.name === contract.name || other.name === name);
      if (same.length > 1) withheld.set(String(shown.name), 'two of its tools come to the same name');
      return same.length === 1;
    });
    return {
      tools: single,
      withheld,
      toolset: toolsetOf(config, [...single.map(({ contract }) => contract), ...Object.values(reads)]),
      resources: clean(catalogue.resources),
      templates: clean(catalogue.templates),
      prompts: clean(catalogue.prompts),
      reads,
      completions: catalogue.completions,
      answers,
    };
  }

  /** Offers a tool no longer, whatever its server says; a refresh may offer it again. */
  function drop(tool: string): void {
    const tools = state.tools.filter(
      ({ contract: { binding } }) => binding.connector !== 'mcp' || binding.tool !== tool,
    );
    const contracts = [...tools.map(({ contract }) => contract), ...Object.values(reads)];
    state = { ...state, tools, toolset: toolsetOf(config, contracts) };
  }

  return { config, refresh, drop, state: () => state };
}
/** What clients are told: that lists are others now, and which resources are listed otherwise than before. */
export interface Changed {
  readonly resources: readonly string[];
}
export type Upstream = ReturnType<typeof createUpstream>;

interface Seen {
  readonly part: Definition;
  readonly digest: Digest;
  readonly approved: boolean;
}

/** Null for what cannot even be pinned: it has no name or schema, or is deeper than is kept. */
function seenTool(tool: JsonObject): Seen | null {
  const part = pinnedPart(tool);
  if (!part) return null;
  try {
    return { part, digest: mcpDefinitionDigest(part), approved: false };
  } catch {
    return null;
  }
}

const isApproved = (stored: readonly DefinitionHead[], { part, digest }: Seen): boolean =>
  stored.some(({ tool, definition, state }) => tool === part.name && definition === digest && state === 'approved');

/** Text of a list stands before models without a call, so what looks like an instruction is not relayed. */
const clean = (items: readonly JsonObject[]): JsonObject[] => items.filter((item) => scanDefinition(item).length === 0);

const visible = ({ tools, resources, templates, prompts }: UpstreamState) => ({ tools, resources, templates, prompts });

function readContracts(config: McpUpstream): UpstreamState['reads'] {
  const text = { type: 'string', maxLength: 8192 };
  return {
    'resources/read': readContract(config, 'resources/read', { uri: text }),
    'prompts/get': readContract(config, 'prompts/get', { name: text, arguments: { type: 'object' } }),
    'completion/complete': readContract(config, 'completion/complete', {
      ref: { type: 'object' },
      argument: { type: 'object' },
      context: { type: 'object' },
    }),
  };
}

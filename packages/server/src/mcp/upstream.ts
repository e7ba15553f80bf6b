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
import type { DefinitionStore, StoredDefinition } from '../store/mcp-definitions.ts';
import { type Definition, governed, pinnedPart, readContract } from './contract-of.ts';
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
  readonly audit: AuditWriter;
  readonly uow: UnitOfWork;
  readonly clock: Clock;
  /** Reads its lists; throws where it does not answer. */
  readonly read: (upstream: McpUpstream) => Promise<McpCatalogue>;
}

const NOTHING: McpCatalogue = { tools: [], resources: [], templates: [], prompts: [], completions: false };

/** An MCP server behind the gateway: only what a person has approved, and that the server still shows as approved, is there. */
export function createUpstream(deps: UpstreamDeps) {
  const { config, definitions } = deps;
  const reads = readContracts(config);
  let catalogue = NOTHING;
  let state = stateOf([], false);

  /** Reads the server and the approvals anew, and says what clients see anew. Never throws for the server. */
  async function refresh(): Promise<Changed | null> {
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
    const stored = await definitions.list({ upstream: config.name });
    const seen = catalogue.tools.flatMap((tool) => seenTool(tool) ?? []);
    for (const each of seen) {
      if (!stored.some(({ tool, definition }) => tool === each.part.name && definition === each.digest))
        await note(each, stored);
    }
    return seen.map((each) => ({ ...each, approved: isApproved(stored, each) }));
  }

  async function note({ part, digest }: Seen, stored: readonly StoredDefinition[]): Promise<void> {
    const { clock, audit, uow } = deps;
    const before = stored.find(({ tool, state }) => tool === part.name && state === 'approved');
    const body = part as unknown as JsonObject;
    await uow.transaction(async (tx) => {
      const at = clock.now().toISOString();
      const seen = { upstream: config.name, tool: part.name, definition: digest, body, seen_at: at };
      if (!(await definitions.see(tx, seen))) return;
      await audit.append(tx, [
        draft({
          type: 'mcp.definition_withheld',
          actor: SYSTEM_ACTOR,
          data: {
            upstream: config.name,
            tool: part.name,
            definition: digest,
            replaces: before?.definition ?? null,
            findings: scanDefinition(body).slice(0, 64),
          },
        }),
      ]);
    });
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

  return { config, refresh, state: () => state };
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

const isApproved = (stored: readonly StoredDefinition[], { part, digest }: Seen): boolean =>
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

import {
  type AuditWriter,
  type Clock,
  type JsonObject,
  nameSchema,
  type ProjectConfig,
  type ToolContract,
  type UnitOfWork,
} from '@portreeve/contract';
import type { McpCatalogue } from '@portreeve/execute';
import type { Toolset } from '@portreeve/gate';
import type { ChangeStore } from '@portreeve/govern';
import type { Authenticated } from '@portreeve/identity';
import type { DefinitionStore } from '../store/mcp-definitions.ts';
import { withOutput } from './answers.ts';
import { exchangedName } from './exchanged-credentials.ts';
import { type DeclaredToolset, toolsetOf } from './toolsets.ts';
import { type Changed, createUpstream, type ExposedTool, type Upstream, type UpstreamState } from './upstream.ts';

/** A tool that one caller may use, with the set that it belongs to. */
export interface OfferedTool extends ExposedTool {
  readonly toolset: Toolset;
  /** Of an upstream: its answer is passed on as it is. */
  readonly upstream: Upstream['config'] | null;
}

/** Something of an upstream besides its tools that one caller may read. */
export interface OfferedItem {
  readonly item: JsonObject;
  readonly upstream: Upstream['config'];
  readonly toolset: Toolset;
  readonly reads: UpstreamState['reads'];
}

export interface Gateway {
  /** Sorted by name; only what the caller's groups and credential allow. */
  tools(who: Authenticated): OfferedTool[];
  /** A tool that exists and is not in the credential's scope: what it would need. */
  beyondScope(who: Authenticated, name: string): string[] | null;
  resources(who: Authenticated): OfferedItem[];
  templates(who: Authenticated): OfferedItem[];
  prompts(who: Authenticated): OfferedItem[];
  completions(who: Authenticated): boolean;
  upstreams(): readonly Upstream[];
  /** Reads what is due anew, and tells the listeners what has changed. */
  refreshDue(): Promise<void>;
  refresh(name: string): Promise<void>;
  /** Offers a tool of an upstream no longer, at once. */
  drop(upstream: string, tool: string): void;
  onChange(listener: (changed: Changed) => void): () => void;
}

export interface GatewayDeps {
  readonly config: ProjectConfig['mcp'];
  readonly toolsets: readonly DeclaredToolset[];
  readonly definitions: DefinitionStore;
  readonly changes: Pick<ChangeStore, 'open'>;
  readonly audit: AuditWriter;
  readonly uow: UnitOfWork;
  readonly clock: Clock;
  readonly read: (upstream: Upstream['config']) => Promise<McpCatalogue>;
  readonly log: (error: unknown) => void;
}

/** Names that are ours: an upstream's tool that takes one is withheld. */
const OWN_NAMES = new Set(['declare_intent']);

/** Whether a credential was made for a tool. */
export const inScope = ({ tools }: Authenticated, { name }: ToolContract): boolean =>
  tools === null || tools.includes(name);

/** All that agents outside may use: tools of the project's own, and those of MCP servers behind it. */
export function createGateway(deps: GatewayDeps): Gateway {
  const declared = deps.toolsets.map((each) => ({
    ...each,
    toolset: toolsetOf(each.config, each.tools),
    offered: shownTools(each),
  }));
  const upstreams = deps.config.upstreams.map((config) => createUpstream({ ...deps, config }));
  const dueAt = new Map<string, number>();
  const listeners = new Set<(changed: Changed) => void>();

  const all = (): OfferedTool[] => {
    const offered = [
      ...declared.flatMap(({ toolset, offered }) => offered.map((tool) => ({ ...tool, toolset, upstream: null }))),
      ...upstreams.flatMap(({ config, state }) =>
        state().tools.map((tool) => ({ ...tool, toolset: state().toolset, upstream: config })),
      ),
    ].filter(({ name }) => !OWN_NAMES.has(name));
    // Two under one name, of whomever: neither, so that nobody can take another's place.
    const count = Map.groupBy(offered, ({ name }) => name);
    const contracts = Map.groupBy(offered, ({ contract }) => contract.name);
    return offered
      .filter(({ name, contract }) => count.get(name)?.length === 1 && contracts.get(contract.name)?.length === 1)
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  };

  const groupsOf = new Map(
    [...deps.config.toolsets, ...deps.config.upstreams].map(({ name, groups }) => [name, groups]),
  );
  const sees = (who: Authenticated, name: string): boolean => {
    const groups = groupsOf.get(name);
    return groups === undefined || groups.some((group) => who.principal.groups.includes(group));
  };
  const items = (
    who: Authenticated,
    kind: 'resources' | 'templates' | 'prompts',
    method: keyof UpstreamState['reads'],
  ) =>
    upstreams.flatMap(({ config, state }) => {
      const { toolset, reads } = state();
      if (!sees(who, config.name) || !inScope(who, reads[method])) return [];
      return state()[kind].map((item) => ({ item, upstream: config, toolset, reads: forCaller(config, reads, who) }));
    });

  async function refresh(which: readonly Upstream[]): Promise<void> {
    const changed = await Promise.all(which.map((upstream) => upstream.refresh()));
    const seen = changed.filter((each) => each !== null);
    if (seen.length > 0) tell(seen.flatMap(({ resources }) => resources));
  }

  function tell(resources: readonly string[]): void {
    for (const listener of listeners) listener({ resources });
  }

  return {
    tools: (who) =>
      all()
        .filter(({ toolset, contract }) => sees(who, toolset.facts.name) && inScope(who, contract))
        .map((tool) => ({ ...tool, contract: ownCredential(tool.upstream, tool.contract, who) })),

    beyondScope(who, name) {
      const tool = all().find((each) => each.name === name);
      if (!tool || !sees(who, tool.toolset.facts.name) || inScope(who, tool.contract)) return null;
      return [...(who.tools ?? []), tool.contract.name];
    },

    resources: (who) => items(who, 'resources', 'resources/read'),
    templates: (who) => items(who, 'templates', 'resources/read'),
    prompts: (who) => items(who, 'prompts', 'prompts/get'),
    completions: (who) => upstreams.some(({ config, state }) => sees(who, config.name) && state().completions),
    upstreams: () => upstreams,

    async refreshDue() {
      const now = deps.clock.now().getTime();
      const due = upstreams.filter(({ config }) => (dueAt.get(config.name) ?? 0) <= now);
      for (const { config } of due) dueAt.set(config.name, now + config.refresh_s * 1000);
      await refresh(due);
    },

    refresh: (name) => refresh(upstreams.filter(({ config }) => config.name === name)),

    drop(name, tool) {
      for (const upstream of upstreams) if (upstream.config.name === name) upstream.drop(tool);
      tell([]);
    },

    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** The tools of a project's own set, as MCP shows them. */
function shownTools({ config, tools }: DeclaredToolset): ExposedTool[] {
  return tools.map((contract) => {
    const name = `${config.name}_${contract.name}`;
    const shown = {
      name,
      title: contract.title,
      description: contract.description,
      inputSchema: contract.args,
      ...(contract.result.type === 'object' ? withOutput(contract.result) : {}),
      annotations: {
        readOnlyHint: contract.effect === 'read',
        ...(contract.effect === 'read' ? {} : { destructiveHint: contract.destructive === true }),
        openWorldHint: contract.effect === 'external' || contract.egress === true,
      },
    };
    return { name, shown, contract };
  });
}

/** An upstream that knows people is called with the secret or the token of whoever asks, and never with another's. */
function ownCredential(upstream: Upstream['config'] | null, contract: ToolContract, who: Authenticated): ToolContract {
  if (!upstream || contract.binding.connector !== 'mcp') return contract;
  const { name, per_user, credentials } = upstream;
  if (!per_user && !credentials) return contract;
  const own = credentials ? exchangedName(name, who.principal.id) : `${upstream.credential}-${who.principal.id}`;
  const credential = nameSchema.parse(own);
  return { ...contract, binding: { ...contract.binding, credential } };
}

const forCaller = (upstream: Upstream['config'], reads: UpstreamState['reads'], who: Authenticated) =>
  Object.fromEntries(
    Object.entries(reads).map(([method, contract]) => [method, ownCredential(upstream, contract, who)]),
  ) as UpstreamState['reads'];

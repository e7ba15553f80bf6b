import {
  type AuditWriter,
  actorOf,
  type Change,
  type Clock,
  type Digest,
  draft,
  type JsonObject,
  jsonDiff,
  type McpUpstream,
  PortreeveError,
  type Principal,
  type ToolContract,
  type UnitOfWork,
} from '@portreeve/contract';
import type { ChangeStore } from '@portreeve/govern';
import type { DefinitionStore, StoredDefinition } from '../store/mcp-definitions.ts';
import { type Definition, governed } from './contract-of.ts';
import { followVerdict } from './definition-change.ts';
import type { Gateway } from './gateway.ts';
import { scanDefinition } from './scan-definition.ts';

/** A definition as its reviewer sees it. */
export interface ReviewedDefinition extends StoredDefinition {
  /** What changes against the one in use; null where none is. */
  readonly changes: readonly Change[] | null;
  /** Hidden characters, and signals of an instruction to a model. None is no proof of anything. */
  readonly findings: readonly string[];
  /** How it would be governed; null where it cannot be. */
  readonly contract: Pick<
    ToolContract,
    'name' | 'tier' | 'effect' | 'sinks' | 'clearance' | 'destructive' | 'egress'
  > | null;
  readonly why: string | null;
}

/** Definitions with what a reviewer must see: nothing is cut. */
export async function listDefinitions(
  gateway: Gateway,
  store: DefinitionStore,
  filter: { readonly upstream?: string; readonly definition?: Digest },
): Promise<ReviewedDefinition[]> {
  const all = await store.list(filter.upstream === undefined ? {} : { upstream: filter.upstream });
  const configs = new Map(gateway.upstreams().map(({ config }) => [config.name, config]));
  return all
    .filter(({ definition }) => filter.definition === undefined || definition === filter.definition)
    .map((each) => reviewed(each, all, configs.get(each.upstream)));
}

function reviewed(
  each: StoredDefinition,
  all: readonly StoredDefinition[],
  config: McpUpstream | undefined,
): ReviewedDefinition {
  const used = all.find(
    (other) => other.upstream === each.upstream && other.tool === each.tool && other.state === 'approved',
  );
  const made = config ? governed(config, each.body as unknown as Definition) : null;
  const pick = ({ name, tier, effect, sinks, clearance, destructive, egress }: ToolContract) => ({
    ...{ name, tier, effect, sinks, clearance },
    ...(destructive === undefined ? {} : { destructive }),
    ...(egress === undefined ? {} : { egress }),
  });
  return {
    ...each,
    changes: used && used.definition !== each.definition ? jsonDiff(used.body, each.body) : null,
    findings: scanDefinition(each.body),
    contract: made?.ok ? pick(made.contract) : null,
    why: made === null ? 'The upstream is not configured any more.' : made.ok ? null : made.why,
  };
}

/** Lets a definition be used, or no longer. Throws `not_found`, and `conflict` where that is decided already. */
export async function decideDefinition(
  deps: {
    readonly gateway: Gateway;
    readonly store: DefinitionStore;
    readonly changes: ChangeStore;
    readonly audit: AuditWriter;
    readonly uow: UnitOfWork;
    readonly clock: Clock;
  },
  wish: {
    readonly upstream: string;
    readonly tool: string;
    readonly definition: Digest;
    readonly verdict: 'approved' | 'withdrawn';
    readonly reason: string;
    readonly by: Principal;
  },
): Promise<ReviewedDefinition> {
  const { upstream, tool, definition, verdict, reason, by } = wish;
  const find = async () =>
    (await listDefinitions(deps.gateway, deps.store, { upstream, definition })).find((each) => each.tool === tool);
  const known = await find();
  if (!known) throw new PortreeveError('not_found', 'There is no such definition.');
  if (verdict === 'approved' && known.contract === null)
    throw new PortreeveError('conflict', `This definition cannot be governed: ${known.why}`, {
      next: 'Say in portreeve.config.ts how the tool is to be governed.',
    });
  await deps.uow.transaction(async (tx) => {
    const at = deps.clock.now().toISOString();
    const decision = { upstream, tool, definition, state: verdict, by: by.id, at, reason };
    if (!(await deps.store.decide(tx, decision)))
      throw new PortreeveError('conflict', `This definition is ${verdict} already.`);
    const data = { upstream, tool, definition, verdict, reason };
    const followed = await followVerdict(deps, tx, { ...data, actor: actorOf(by) });
    await deps.audit.append(tx, [draft({ type: 'mcp.definition_decided', actor: actorOf(by), data }), ...followed]);
  });
  // Before its server is asked again, which may take its time, or fail.
  if (verdict === 'withdrawn') deps.gateway.drop(upstream, tool);
  await deps.gateway.refresh(upstream);
  return (await find()) as ReviewedDefinition;
}

/** As plain JSON, for whoever answers with it. */
export const definitionView = (each: ReviewedDefinition): JsonObject => JSON.parse(JSON.stringify(each)) as JsonObject;

import {
  type ChangePiece,
  type Clock,
  type Digest,
  type JsonObject,
  jsonDiff,
  type McpUpstream,
  type RecordActor,
  type RecordDraft,
  SYSTEM_ACTOR,
  type Tx,
} from '@portreeve/contract';
import { type ChangeStore, followChange, openChange } from '@portreeve/govern';
import type { StoredDefinition } from '../store/mcp-definitions.ts';

/** How the register of changes calls a tool of an upstream. */
const subjectOf = (upstream: string, tool: string) => `${upstream}/${tool}`.slice(0, 400);

/** Opens the change that a definition is which nobody has approved as it is shown (requirement H2). */
export function openDefinitionChange(
  deps: {
    readonly changes: Pick<ChangeStore, 'open'>;
    readonly clock: Clock;
    readonly config: Pick<McpUpstream, 'name' | 'approvers' | 'risk'>;
  },
  tx: Tx,
  seen: {
    readonly tool: string;
    readonly digest: Digest;
    readonly body: JsonObject;
    /** The one in use; null where none is. */
    readonly before: StoredDefinition | null;
  },
): Promise<RecordDraft[]> {
  const { name, approvers, risk } = deps.config;
  const { tool, digest, body, before } = seen;
  return openChange(deps, tx, {
    ...{ kind: 'definition', subject: subjectOf(name, tool), from: before?.definition ?? null, to: digest },
    // No workflow has it in its scope: it is for agents outside, and withheld until it is approved.
    touched: { workflows: [], owners: [...approvers].sort(), risk },
    pieces: piecesOf(`the tool ${tool} of ${name}`, before, body),
    reason: 'The upstream shows it so, and nobody has approved that.',
    actor: SYSTEM_ACTOR,
  });
}

/** What another party has written cannot be told to be harmless. */
function piecesOf(what: string, before: StoredDefinition | null, body: JsonObject): ChangePiece[] {
  const piece = { area: 'upstream definitions', loosens: true } as const;
  if (before === null) return [{ ...piece, text: `${what} is new`, lines: [] }];
  const lines = jsonDiff(before.body, body).flatMap((change) => [
    ...(change.kind === 'added' ? [] : [`- ${change.path} ${JSON.stringify(change.before)}`]),
    ...(change.kind === 'removed' ? [] : [`+ ${change.path} ${JSON.stringify(change.after)}`]),
  ]);
  return [{ ...piece, text: `${what} is shown otherwise`, lines }];
}

/** The verdict on a definition is the one on its change. */
export function followVerdict(
  deps: { readonly changes: ChangeStore; readonly clock: Clock },
  tx: Tx,
  decided: {
    readonly upstream: string;
    readonly tool: string;
    readonly definition: Digest;
    readonly verdict: 'approved' | 'withdrawn';
    readonly reason: string;
    readonly actor: RecordActor;
  },
): Promise<RecordDraft[]> {
  const { upstream, tool, definition, verdict, reason, actor } = decided;
  return followChange(deps, tx, {
    ...{ kind: 'definition', subject: subjectOf(upstream, tool), to: definition },
    ...{ event: verdict === 'approved' ? 'settle' : 'reject', reason, actor },
  });
}

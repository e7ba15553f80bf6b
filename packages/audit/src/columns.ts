import { type JsonObject, type RecordEntry, type RecordRefs, recordRefsSchema } from '@portreeve/contract';
import type { RecordColumns } from './ports.ts';

/** What the record can be searched by. */
export function columnsOf(entry: RecordEntry): RecordColumns {
  const { refs, actor } = entry;
  return {
    type: entry.type,
    time: new Date(entry.time),
    actor_id: actor.id,
    // Whoever acted last: the agent itself, or the one that acts for a person.
    agent: actor.kind === 'agent' ? actor.id : (actor.act[0]?.id ?? null),
    outcome: entry.outcome,
    codes: refs.codes ?? [],
    run: refs.run ?? null,
    workflow: refs.workflow ?? null,
    tool: refs.tool ?? null,
    proposal: refs.proposal ?? null,
    approval: refs.approval ?? null,
    model: refs.model ?? null,
    prompt: refs.prompt ?? null,
    prompt_version: refs.prompt_version ?? null,
    policy_version: refs.policy_version ?? null,
    release: refs.release ?? null,
  };
}

/**
 * What the data of a record says that searches are by, so that nobody who writes one has to say it twice. Only these
 * members, and only where they have the form of a technical word: an entry is never erased, so nothing personal may
 * come into it, and a model's name comes from outside.
 */
export function refsIn(data: JsonObject): Partial<RecordRefs> {
  const found = {
    model: data.model_answered ?? data.model_asked,
    prompt: data.prompt,
    prompt_version: data.prompt === undefined ? undefined : (data.prompt_version ?? data.version),
    policy_version: member(data.decision, 'policy_version'),
    codes: codesIn(data),
  };
  return Object.fromEntries(
    Object.entries(found).filter(
      ([name, value]) =>
        value !== undefined && recordRefsSchema.shape[name as keyof typeof found].safeParse(value).success,
    ),
  );
}

function codesIn(data: JsonObject): string[] | undefined {
  const reasons = member(data.decision, 'reasons');
  const codes = Array.isArray(reasons) ? reasons.map((reason) => member(reason, 'code')) : [];
  codes.push(data.code);
  const words = codes.filter((code) => typeof code === 'string');
  return words.length === 0 ? undefined : [...new Set(words)].slice(0, 32);
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

import { digestOf } from '@portreeve/contract';
import type { Gate, GateCall, Verdict } from './gate.ts';

/** Questions whose end one wrapper remembers that it has not heard. */
const OPEN_MAX = 1000;
const OPEN = new Set(['waiting', 'ready', 'running']);

/**
 * Asks for calls under the names that a framework gives them, so that one that is delivered twice is one action. A call whose
 * end was not heard keeps its name, also where a model makes it again under another: the same arguments are then the same
 * question, and nothing that may have been done is done a second time. Names are of this wrapper alone: frameworks count
 * anew in each process.
 */
export function namedCalls(gate: Gate): (call: GateCall, id: string | undefined) => Promise<Verdict> {
  const scope = crypto.randomUUID();
  const open = new Map<string, string>();
  return async (call, id) => {
    const same = sameAs(call);
    const key = open.get(same) ?? digestOf({ scope, call: id ?? crypto.randomUUID() });
    const verdict = await gate.ask({ ...call, key });
    open.delete(same);
    if (isOpen(verdict)) open.set(same, key);
    if (open.size > OPEN_MAX) open.delete(open.keys().next().value as string);
    return verdict;
  };
}

/** What has no faithful form is the same as nothing else; the gate refuses it. */
function sameAs({ tool, args }: GateCall): string {
  try {
    return digestOf(JSON.parse(JSON.stringify({ tool, args })));
  } catch {
    return crypto.randomUUID();
  }
}

/** An `unknown` of the gateway is an end that a person looks into; one without a proposal is an answer that did not come. */
const isOpen = (verdict: Verdict): boolean =>
  !verdict.go && (OPEN.has(verdict.status) || (verdict.status === 'unknown' && verdict.proposal === null));

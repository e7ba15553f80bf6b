import { canonicalJson, type Json, type JsonObject, type Labelled, type ToolContract } from '@portreeve/contract';
import { open } from '@portreeve/contract/open';
import type { StoredProposal } from '../ports.ts';
import type { Piece } from '../provenance/material.ts';
import { openSession } from './session.ts';
import type { Session } from './types.ts';

/** The session of an agent that is a step of a workflow: what it has read is told here, and each of its wishes judged. */
export interface AgentSession {
  /** For the gate: the wish is a model's choice, by what it had read until then. */
  readonly session: Pick<Session, 'judge' | 'snapshot'>;
  /** It was shown this, with the pieces of evidence in it. */
  shown(value: Labelled<unknown>, name: string, pieces?: readonly Piece[]): void;
  /** What became of one of its wishes, and what the tool answered, with the piece of evidence that this is. */
  heard(stored: StoredProposal, result: Labelled<Json> | null, pieces?: readonly Piece[]): void;
}

/**
 * Opens one. Its intent is the declaration in the workflow’s reviewed prompt, which stands before anything is read (D5): a
 * tool that is not in it, or more often than it says, is not foreseen.
 */
export function agentSession(
  request: JsonObject,
  tools: readonly { readonly name: string; readonly times: number }[],
): AgentSession {
  const session = openSession(request);
  session.declare({ calls: tools.map(({ name, times }) => ({ tool: name, times })) });
  return {
    session,

    shown(value, name, pieces = []) {
      const { integrity, confidentiality, categories } = value.label;
      session.observe({
        contract: sourceOf(name, integrity),
        args: {},
        output: JSON.parse(canonicalJson(open(value))) as Json,
        ...{ secrecy: { confidentiality, categories }, pieces },
      });
    },

    heard({ proposal, contract }, result, pieces = []) {
      // After a crash the wish was judged by another process: its use of the intent is taken here, too.
      session.judge(proposal.id, contract, proposal.args);
      session.settle(proposal, contract, result ? 'done' : 'nothing');
      if (!result) return;
      const { confidentiality, categories } = result.label;
      session.observe({
        ...{ contract, args: proposal.args },
        output: open(result),
        ...{ secrecy: { confidentiality, categories }, pieces },
      });
    },
  };
}

/** A session knows what was read by the tool that gave it; what a run read before was given by a source. */
function sourceOf(name: string, integrity: ToolContract['returns']): ToolContract {
  return {
    ...{ name, version: '1', title: name, description: name, tier: 1, effect: 'read' },
    ...{ args: { type: 'object' }, result: { type: 'object' }, sinks: [], profiles: {}, returns: integrity },
    ...{ clearance: { confidentiality: 'restricted', categories: [] }, undo: 'irreversible', timeout_ms: 1000 },
    ...{ idempotency: 'none', audience: 'urn:portreeve:source' },
    binding: { connector: 'http', method: 'GET', url: 'system://none/', body: false },
  };
}

import { type JsonObject, PortreeveError, type ProposalId, type RunId } from '@portreeve/contract';
import {
  type Gate,
  type GateResult,
  type ProposalStore,
  resultFrom,
  type StoredUnwinding,
  type Unwindings,
  wishMessage,
} from '@portreeve/gate';
import type { AskStore } from '../store/gate-asks.ts';
import { pauseFor } from './pause.ts';

export interface AskGate {
  /** The gate as runs use it, in another process. */
  readonly gate: Pick<Gate, 'submit' | 'resume' | 'get'>;
  readonly unwindings: Pick<Unwindings, 'begin' | 'advance' | 'get'>;
  /** What was asked was answered (`ANSWERED_CHANNEL`); an empty text: look at all. */
  heard(id: string): void;
}

/** Looked at all the same, should nobody tell. */
const LOOK_EVERY_MS = 1000;
/** A gate that has not answered for so long is asked anew: it knows the wish by its id, and does nothing twice. */
const PATIENCE_MS = 600_000;

/**
 * The gate for runs in this process, which have none: each question goes through the database, and the gatekeeper's process
 * answers it. Whoever runs here can ask; nothing that is written here is a decision or a right (requirement J2).
 */
export function askGate(deps: {
  readonly asks: AskStore;
  readonly proposals: Pick<ProposalStore, 'get'>;
  readonly unwindings: { get(run: RunId): Promise<StoredUnwinding | null> };
  /** Resolves after so many milliseconds, or as soon as `wake` is called. */
  readonly pause?: (ms: number, wake: (call: () => void) => void) => Promise<void>;
}): AskGate {
  const { asks, proposals, unwindings, pause = pauseFor } = deps;
  const waiting = new Map<string, () => void>();

  async function ask(run: RunId, body: JsonObject): Promise<unknown> {
    const id = await asks.ask(run, body);
    try {
      for (let waited = 0; waited < PATIENCE_MS; waited += LOOK_EVERY_MS) {
        const told = pause(LOOK_EVERY_MS, (call) => waiting.set(id, call));
        const answer = await asks.answerOf(id);
        if (answer !== undefined) return answer;
        await told;
      }
      throw new PortreeveError('unavailable', 'The gatekeeper does not answer.');
    } finally {
      waiting.get(id)?.();
      waiting.delete(id);
      // What stays is removed by the gatekeeper, an hour later.
      await asks.remove(id).catch(() => undefined);
    }
  }

  const runOf = async (id: ProposalId): Promise<RunId> => {
    const run = (await proposals.get(id))?.proposal.run;
    if (!run) throw new PortreeveError('not_found', `No run has a proposal ${id}.`);
    return run;
  };
  const asked = async (run: RunId, body: JsonObject): Promise<GateResult> => resultFrom(await ask(run, body));

  return {
    gate: {
      async submit(wish) {
        if (wish.run === null) throw new TypeError('only a run is carried out in this process');
        return asked(wish.run, { kind: 'submit', proposal: wish.id, wish: wishMessage(wish) as unknown as JsonObject });
      },
      resume: async (proposal) => asked(await runOf(proposal), { kind: 'resume', proposal }),
      get: (id) => proposals.get(id),
    },
    unwindings: {
      async begin(run, { reason, key }) {
        await asked(run, { kind: 'unwind', reason, key: key ?? '' });
        const begun = await unwindings.get(run);
        if (!begun) throw new PortreeveError('unavailable', `The unwinding of ${run} is not there yet.`);
        return begun;
      },
      async advance(run) {
        await asked(run, { kind: 'unwind_on' });
      },
      get: (run) => unwindings.get(run),
    },
    heard(id) {
      if (id === '') for (const wake of waiting.values()) wake();
      else waiting.get(id)?.();
    },
  };
}

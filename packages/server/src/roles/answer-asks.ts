import { type JsonObject, PortreeveError, type ProposalId, type Run } from '@portreeve/contract';
import { errorMessage, type Gate, type KnownOfWish, resultMessage, type Unwindings, wishFrom } from '@portreeve/gate';
import { factsOf, type RunReleases, type RunStore } from '@portreeve/run';
import { z } from 'zod';
import type { AnswerStore, GateAsk } from '../store/gate-asks.ts';

export interface AnswerAsks {
  /** Looks for questions now. */
  wake(): void;
  /** Takes no more, and resolves once what was taken has been answered. */
  stop(): Promise<void>;
}

/** Questions that one process answers at a time; what is beyond waits in the database, where another one may take it. */
const PARALLEL = 64;
const PROPOSAL = z.string().regex(/^prop_[a-z0-9]{1,64}-\d{1,9}$/);

const askSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('submit'), proposal: PROPOSAL, wish: z.looseObject({ tool: z.string() }) }),
  z.strictObject({ kind: z.literal('resume'), proposal: PROPOSAL }),
  z.strictObject({ kind: z.literal('unwind'), reason: z.string().max(4000), key: z.string().max(200) }),
  z.strictObject({ kind: z.literal('unwind_on') }),
]);

/**
 * Answers what runs in other processes ask of the gate. INVARIANT: nothing that decides is taken from the question: who asks,
 * for what, by which release and with which tools is what the run says that the API admitted; the question says what is
 * wished, and a proposal is of the run that it names.
 */
export function answerAsks(deps: {
  readonly asks: AnswerStore;
  readonly gate: Pick<Gate, 'submit' | 'resume'>;
  readonly unwindings: Pick<Unwindings, 'begin' | 'advance'>;
  readonly runs: Pick<RunStore, 'get'>;
  readonly releases: Pick<RunReleases, 'load' | 'isBarred'>;
  /** The name of this process, which holds a lease. */
  readonly instance: string;
  readonly log: (level: 'error', message: string, error: unknown) => void;
}): AnswerAsks {
  const { asks, gate, unwindings, runs, releases, instance, log } = deps;
  const inFlight = new Map<string, Promise<void>>();
  /** The newest question of each run: a run that was taken over asks again while the first question is still at work. */
  const lastOfRun = new Map<string, Promise<void>>();
  let stopped = false;
  let again = false;
  let looking: Promise<void> | null = null;

  const wake = (): void => {
    if (stopped) return;
    again = true;
    looking ??= look()
      .catch((error: unknown) => log('error', 'what runs ask could not be read', error))
      .finally(() => {
        looking = null;
      });
  };

  async function look(): Promise<void> {
    while (again && !stopped && inFlight.size < PARALLEL) {
      again = false;
      for (const ask of await asks.take(instance, PARALLEL - inFlight.size)) {
        again = true;
        const carried = (lastOfRun.get(ask.run) ?? Promise.resolve()).then(() => carry(ask));
        inFlight.set(ask.id, carried);
        lastOfRun.set(ask.run, carried);
        void carried.then(() => {
          if (lastOfRun.get(ask.run) === carried) lastOfRun.delete(ask.run);
        });
      }
    }
  }

  async function carry(ask: GateAsk): Promise<void> {
    try {
      await asks.answer(ask, await answerTo(ask));
    } catch (error) {
      log('error', `${ask.id} of ${ask.run} could not be answered`, error);
      // The database takes no answer now: it is taken again, here or by another process.
      await asks.release(ask.id, instance).catch(() => undefined);
    } finally {
      inFlight.delete(ask.id);
      if (!stopped && inFlight.size === PARALLEL - 1) wake();
    }
  }

  /** A fault of ours is an outage to the run, which waits and asks again; what it is stands in the log. */
  async function answerTo(ask: GateAsk): Promise<JsonObject> {
    try {
      return (await answered(ask)) as unknown as JsonObject;
    } catch (error) {
      const known = errorMessage(error);
      if (known === null) log('error', `${ask.id} of ${ask.run} failed`, error);
      const message = known ?? errorMessage(new PortreeveError('unavailable', 'The gate could not carry it.'));
      return message as unknown as JsonObject;
    }
  }

  async function answered({ run: id, body }: GateAsk) {
    const asked = askSchema.safeParse(body);
    if (!asked.success) throw new PortreeveError('bad_input', 'This is no question of a run.');
    const run = await runs.get(id);
    if (!run || run.ended_at !== null) throw new PortreeveError('not_found', `No run ${id} is under way.`);
    const { data } = asked;
    if (data.kind === 'unwind') {
      await unwindings.begin(id, { by: run.principal, reason: data.reason, key: data.key });
      return resultMessage({ status: 'running' });
    }
    if (data.kind === 'unwind_on') {
      await unwindings.advance(id);
      return resultMessage({ status: 'running' });
    }
    const proposal = ofRun(run, data.proposal);
    if (data.kind === 'resume') return resultMessage(await gate.resume(proposal));
    const known = await knownOf(run, proposal, data.wish.tool);
    return resultMessage(await gate.submit(wishFrom(data.wish, known)));
  }

  async function knownOf(run: Run, id: ProposalId, tool: string): Promise<KnownOfWish> {
    const loaded = releases.isBarred(run.release) ? null : await releases.load(run.workflow, run.release);
    if (!loaded) throw new PortreeveError('no_release', `No run of ${run.release} goes on.`);
    const { contract: workflow, ...definition } = loaded.definition;
    const contract = definition.tools.find(({ name }) => name === tool);
    if (!contract) throw new PortreeveError('bad_input', `${workflow.name} does not declare the tool ${tool}.`);
    return {
      ...{ id, run: run.id, release: run.release, principal: run.principal, request: run.input },
      ...{ workflow: factsOf(workflow), contract, tools: definition.tools },
      ...{ approval_timeout_minutes: workflow.approval_timeout_minutes, history: workflow.history },
    };
  }

  return {
    wake,
    async stop() {
      stopped = true;
      await looking;
      await Promise.all(inFlight.values());
    },
  };
}

/** The ids of a run's proposals are made of its own. */
function ofRun({ id }: Run, proposal: string): ProposalId {
  if (!proposal.startsWith(`prop_${id.slice('run_'.length)}-`))
    throw new PortreeveError('bad_input', `${proposal} is no proposal of ${id}.`);
  return proposal as ProposalId;
}

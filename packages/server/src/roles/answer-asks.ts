import { type JsonObject, PortreeveError, type ProposalId, type Run } from '@portreeve/contract';
import { errorMessage, type Gate, type KnownOfWish, resultMessage, type Unwindings, wishFrom } from '@portreeve/gate';
import { knownOfWish, type RunReleases, type RunStore } from '@portreeve/run';
import { z } from 'zod';
import type { AnswerStore, GateAsk } from '../store/gate-asks.ts';
import { type TakeWork, takeWork } from './take-work.ts';

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
}): TakeWork {
  const { asks, gate, unwindings, runs, releases, instance, log } = deps;
  /** The newest question of each run: a run that was taken over asks again while the first question is still at work. */
  const lastOfRun = new Map<string, Promise<void>>();
  /** What was taken and has no answer yet. One whose answer the database does not take leaves it, and is taken again. */
  const carried = new Set<string>();

  return takeWork({
    take: (limit) => asks.take(instance, limit, [...carried]),
    async carry(ask) {
      carried.add(ask.id);
      const answered = (lastOfRun.get(ask.run) ?? Promise.resolve()).then(() => carry(ask));
      lastOfRun.set(ask.run, answered);
      await answered;
      carried.delete(ask.id);
      if (lastOfRun.get(ask.run) === answered) lastOfRun.delete(ask.run);
    },
    failed: (_ask, error) => log('error', 'what runs ask could not be read', error),
  });

  async function carry(ask: GateAsk): Promise<void> {
    try {
      await asks.answer(ask, await answerTo(ask));
    } catch (error) {
      log('error', `${ask.id} of ${ask.run} could not be answered`, error);
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
    const { definition } = loaded;
    const contract = definition.tools.find(({ name }) => name === tool);
    if (!contract) throw new PortreeveError('bad_input', `${run.workflow} does not declare the tool ${tool}.`);
    return { id, ...knownOfWish(run, definition, contract) };
  }
}

/** The ids of a run's proposals are made of its own. */
function ofRun({ id }: Run, proposal: string): ProposalId {
  if (!proposal.startsWith(`prop_${id.slice('run_'.length)}-`))
    throw new PortreeveError('bad_input', `${proposal} is no proposal of ${id}.`);
  return proposal as ProposalId;
}

import { type Digest, isPortreeveError, type Json, PortreeveError, type ToolContract } from '@portreeve/contract';
import { errorMessage, type Toolset } from '@portreeve/gate';
import type { FaceAnswerStore, FaceAsk } from '../store/face-asks.ts';
import type { GateFaces } from '../wire-gate.ts';
import { type GatekeeperWish, gatekeeperWish, type Hello } from './gatekeeper-wishes.ts';
import { type TakeWork, takeWork } from './take-work.ts';

/**
 * Answers what apis in other processes ask, each question once. INVARIANT: the question says who asks and what is wished; a
 * tool's contract, its set, the release and the owners are the gatekeeper's own, and a proposal is decided by the one gate.
 */
export function answerApi(deps: {
  readonly asks: FaceAnswerStore;
  readonly faces: GateFaces;
  /** A tool that agents outside may use, by its name. */
  readonly toolNamed: (name: string) => { readonly toolset: Toolset; readonly contract: ToolContract } | null;
  readonly hello: () => Promise<Hello>;
  readonly signHead: (origin: string) => Promise<void>;
  readonly instance: string;
  readonly log: (level: 'error', message: string, error: unknown) => void;
}): TakeWork {
  const { asks, faces, instance, log } = deps;

  return takeWork({
    take: (limit) => asks.take(instance, limit),
    async carry(ask) {
      await asks.answer(ask, await answerTo(ask));
    },
    failed: (ask, error) => log('error', ask ? `${ask.id} could not be answered` : 'no question could be read', error),
  });

  async function answerTo({ id, body }: FaceAsk): Promise<Json> {
    try {
      if (body === null) throw new PortreeveError('bad_input', 'This is no question of an api.');
      const wish = gatekeeperWish.safeParse(body);
      if (!wish.success)
        throw new PortreeveError('unavailable', 'This gatekeeper does not know the question: nothing was done.', {
          next: 'Where versions are rolled out, ask again once every gatekeeper is of the version of the api.',
        });
      return plain({ value: (await answered(wish.data)) ?? null });
    } catch (error) {
      const known = isPortreeveError(error) ? errorMessage(error) : null;
      if (known === null) log('error', `${id} failed`, error);
      return plain(known ?? errorMessage(new PortreeveError('internal', 'The gatekeeper could not carry it.')));
    }
  }

  async function answered(wish: GatekeeperWish): Promise<unknown> {
    switch (wish.kind) {
      case 'hello':
        return deps.hello();
      case 'sign_head':
        return deps.signHead(wish.origin);
      case 'outward':
        return { places: await faces.places(), streams: await faces.streams() };
      case 'frozen':
        return faces.gate.frozen(wish.proposal);
      case 'amend':
        return faces.gate.amend(wish.approval, { args: wish.args, reason: wish.reason, by: wish.by });
      case 'undo':
        return faces.undos.request(await faces.undos.find(wish.execution), { by: wish.by, reason: wish.reason });
      case 'unwind':
        return faces.unwindings.begin(wish.run, { by: wish.by, reason: wish.reason });
      case 'promote':
        return faces.desk.promote(wish.release as Digest, wish.reason, wish.by);
      case 'roll_back':
        return faces.desk.rollBack(wish.workflow, wish.to as Digest | null, wish.reason, wish.by);
      case 'approve_change':
        return faces.changes.approve(wish.change, wish.reason, wish.by);
      case 'learn': {
        const { came, result, note, by } = wish;
        return faces.learn(wish.handoff, { came, ...(result === undefined ? {} : { result }) }, note, by);
      }
      case 'ask': {
        const tool = deps.toolNamed(wish.tool);
        if (!tool) throw new PortreeveError('not_found', `There is no tool ${wish.tool}.`);
        const { args, rationale, idempotency_key, by } = wish;
        const named = idempotency_key === undefined ? {} : { idempotency_key };
        return faces.outside.ask({ ...tool, who: by, args, rationale, ...named });
      }
      case 'follow': {
        const { tools, carry } = wish;
        return faces.outside.follow(wish.by, wish.proposal, { may: ({ name }) => tools.includes(name), carry });
      }
      case 'declare':
        return faces.outside.declare(wish.by, { task: wish.task, intent: wish.intent });
      case 'session':
        return faces.outside.session(wish.by);
      case 'end_session':
        return faces.outside.end(wish.by);
    }
  }
}

/** Without members that are undefined, and with times as text. */
const plain = (value: unknown): Json => JSON.parse(JSON.stringify(value)) as Json;

import type { Approval, Decision, Handoff, Json } from '@portreeve/contract';
import {
  createUndos,
  type Gate,
  type OutsideAnswer,
  type SessionView,
  type StoredUnwinding,
  type UndoView,
} from '@portreeve/gate';
import type { ChangeAnswer } from './changes/desk.ts';
import { grantKeySet } from './config/keys.ts';
import type { LogPlace } from './publish-each.ts';
import type { DeskAnswer } from './releases/desk.ts';
import type { AskGatekeeper } from './roles/ask-gatekeeper.ts';
import { type GatekeeperWish, outwardSchema } from './roles/gatekeeper-wishes.ts';
import { undoStore, unwindingStore } from './store/undos.ts';
import type { StreamView } from './streams/streams.ts';
import type { GateFaces } from './wire-gate.ts';
import type { Shared } from './wire-shared.ts';

const elsewhere = () => Promise.reject(new TypeError('the gate is in another process'));

/**
 * The faces' way to a gate in another process: what is read is read here, what decides is asked there. INVARIANT: nothing in
 * this process submits, decides or grants.
 */
export function wireAskedGate(shared: Shared, asked: AskGatekeeper): GateFaces {
  const { stage, database, project, config, sealing, handoffs, proposals, register } = shared;
  const ask = async <T>(wish: GatekeeperWish): Promise<T> => (await asked.ask(wish)) as T;
  const gate: Pick<Gate, 'submit' | 'resume' | 'get'> = { submit: elsewhere, resume: elsewhere, get: proposals.get };
  const read = createUndos({ ...stage, gate, handoffs, store: proposals, undos: undoStore(database, sealing) });
  const unwindings = unwindingStore(database, sealing);
  const [desk, changes] = [register.deskOn(gate), register.changesOn(gate)];
  const contracts = project.toolsets.flatMap(({ tools }) => tools);
  const outward = async () => outwardSchema.parse(await ask({ kind: 'outward' }));
  // The gatekeeper goes on with what people have answered.
  const settleDue = async () => undefined;

  return {
    gate: {
      get: (id) => proposals.get(id),
      frozen: (proposal) => ask<Decision | null>({ kind: 'frozen', proposal }),
      amend: (approval, amendment) => ask<Approval>({ kind: 'amend', approval, ...amendment }),
    },
    undos: {
      view: read.view,
      find: read.find,
      async request({ execution }, { by, reason }) {
        if (execution === null) throw new TypeError('what is undone was executed');
        return ask<UndoView>({ kind: 'undo', execution, by, reason });
      },
    },
    unwindings: {
      get: (run) => unwindings.get(run),
      begin: (run, { by, reason }) => ask<StoredUnwinding>({ kind: 'unwind', run, by, reason }),
    },
    learn: (handoff, { came, result }, note, by) =>
      ask<Handoff>({
        kind: 'learn',
        handoff,
        came,
        ...(result === undefined ? {} : { result: json(result) }),
        note,
        by,
      }),
    desk: {
      ...{ of: desk.of, settleDue },
      promote: (release, reason, by) => ask<DeskAnswer>({ kind: 'promote', release, reason, by }),
      rollBack: (workflow, to, reason, by) => ask<DeskAnswer>({ kind: 'roll_back', workflow, to, reason, by }),
    },
    changes: {
      ...{ ...changes, settleDue },
      approve: (change, reason, by) => ask<ChangeAnswer>({ kind: 'approve_change', change, reason, by }),
    },
    outside: {
      ask: ({ who, contract, args, rationale, idempotency_key }) =>
        ask<OutsideAnswer>({
          ...{ kind: 'ask', tool: contract.name, args, rationale, by: who },
          ...(idempotency_key === undefined ? {} : { idempotency_key }),
        }),
      follow: (by, proposal, { may, carry }) =>
        ask({ kind: 'follow', proposal, tools: contracts.filter(may).map(({ name }) => name), carry, by }),
      declare: (by, { task, intent }) => ask<SessionView>({ kind: 'declare', task, intent: json(intent as Json), by }),
      session: (by) => ask<SessionView>({ kind: 'session', by }),
      end: (by) => ask({ kind: 'end_session', by }),
    },
    jwks: () => grantKeySet(config.grant_keys),
    places: async () =>
      (await outward()).places.map((place) => ({ ...place, since: new Date(place.since) }) as unknown as LogPlace),
    streams: async () => (await outward()).streams as unknown as StreamView[],
  };
}

/** As zod has JSON: without `readonly`. */
const json = (value: Json) => value as never;

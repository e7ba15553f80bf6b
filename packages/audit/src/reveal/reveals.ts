import {
  type AuditWriter,
  actorOf,
  type Clock,
  draft,
  newId,
  PortreeveError,
  type Principal,
  type RevealId,
  type RunId,
  step,
  type Tx,
  type UnitOfWork,
} from '@portreeve/contract';
import type { Page } from '../erase/ports.ts';
import { personAlone } from '../person-alone.ts';
import type { Redactor } from '../ports.ts';
import { parseMark } from '../redact/mark.ts';
import type { FoundValue } from './find-behind.ts';
import type { Reveal, RevealStore } from './ports.ts';
import { REVEAL_TABLE, type RevealEvent } from './state.ts';

/** How long a wish waits for its second person, and how long what was allowed can be seen, in milliseconds. */
const WAITS_MS = 24 * 3_600_000;
const SHOWS_MS = 15 * 60_000;

const ALONE = 'Only a person asks for a value behind a mark, and no agent in their name.';

/** A wish, with the value where it is shown now. */
export interface Shown extends Reveal {
  readonly value: string | null;
}

/** The workflows whose records somebody may read; `null`: all. */
export type Scope = readonly string[] | null;

export interface Reveals {
  /**
   * Wishes to see the value behind a mark. Where no second person is needed it is shown at once. Throws `never_revealed`
   * for the mark of a secret, `bad_request` for no mark, and `not_found` where the value is kept no more.
   */
  request(wish: { mark: string; run: RunId | null; reason: string }, by: Principal, scope: Scope): Promise<Shown>;
  /** Lets who asked see it, for a quarter of an hour and once. Another person than who asked. */
  allow(id: RevealId, by: Principal): Promise<Reveal>;
  refuse(id: RevealId, reason: string, by: Principal): Promise<Reveal>;
  /** Shows what was allowed, once, to who asked. It is on record before anything is shown. */
  show(id: RevealId, by: Principal, scope: Scope): Promise<Shown>;
  /** Newest first. */
  list(page: Page<RevealId>): Promise<Reveal[]>;
}

export function createReveals(options: {
  readonly store: RevealStore;
  readonly audit: AuditWriter;
  readonly uow: UnitOfWork;
  readonly clock: Clock;
  readonly redactor: Pick<Redactor, 'text'>;
  readonly second_person: boolean;
  /** Looks for the value where the house keeps it. */
  readonly find: (mark: string, run: RunId | null, scope: Scope) => Promise<FoundValue | null>;
}): Reveals {
  const { store, audit, uow, clock, redactor, second_person } = options;
  const later = (ms: number) => new Date(clock.now().getTime() + ms).toISOString();

  const opened = async (tx: Tx, id: RevealId, event: RevealEvent, by: Principal): Promise<Reveal> => {
    const reveal = await store.lock(tx, id);
    if (!reveal) throw new PortreeveError('not_found', `There is no reveal ${id}.`);
    if (step(REVEAL_TABLE, reveal.state, event) === null)
      throw new PortreeveError('conflict', `The reveal ${id} is ${reveal.state}.`, {
        next: reveal.state === 'waiting' ? 'Another person must allow it first.' : 'Ask anew, with a reason.',
      });
    if (Date.parse(reveal.until) <= clock.now().getTime())
      throw new PortreeveError('conflict', `The time of the reveal ${id} is over.`, { next: 'Ask anew.' });
    // INVARIANT: two people. Who asked may take the wish back, and not allow it; nobody else sees what they asked for.
    if (event === 'allow' && reveal.requested_by === by.id)
      throw new PortreeveError('approver_is_requester', 'Who asks to see a value may not allow it.');
    if (event === 'show' && reveal.requested_by !== by.id)
      throw new PortreeveError('conflict', 'It is shown to who asked for it.', { next: 'Ask for it yourself.' });
    return reveal;
  };

  async function show(id: RevealId, by: Principal, scope: Scope): Promise<Shown> {
    personAlone(by, ALONE);
    const wish = await store.get(id);
    const found = wish && (await options.find(wish.mark, wish.run, scope));
    const shown = await uow.transaction(async (tx) => {
      const reveal = await opened(tx, id, 'show', by);
      const state = found ? 'shown' : reveal.state;
      await store.update(tx, id, { ...reveal, state });
      const data = { reveal: id, mark: reveal.mark, found: found?.run ?? null };
      const outcome = found ? 'shown' : 'not_kept';
      await audit.append(tx, [draft({ type: 'audit.revealed', actor: actorOf(by), outcome, data })]);
      return { ...reveal, state } as const;
    });
    if (!found) throw notKept();
    return { ...shown, value: found.value };
  }

  const decide = (id: RevealId, event: 'allow' | 'refuse', reason: string | null, by: Principal): Promise<Reveal> => {
    personAlone(by, ALONE);
    return uow.transaction(async (tx) => {
      const reveal = await opened(tx, id, event, by);
      const decision = event === 'allow' ? 'allowed' : 'refused';
      const until = event === 'allow' ? later(SHOWS_MS) : reveal.until;
      const decided = { state: decision, decided_by: by.id, decided_at: clock.now().toISOString(), until } as const;
      await store.update(tx, id, decided);
      const data = { reveal: id, decision, reason } as const;
      await audit.append(tx, [draft({ type: 'audit.reveal_decided', actor: actorOf(by), outcome: decision, data })]);
      return { ...reveal, ...decided };
    });
  };

  return {
    async request({ mark: given, run, reason }, by, scope) {
      personAlone(by, ALONE);
      const mark = wholeMark(given);
      const reveal: Reveal = {
        ...{ id: newId('reveal', clock), mark, run, reason: redactor.text(reason) },
        ...{ state: second_person ? 'waiting' : 'allowed', requested_by: by.id, decided_by: null, decided_at: null },
        ...{ requested_at: clock.now().toISOString(), until: later(second_person ? WAITS_MS : SHOWS_MS) },
      };
      // Nobody is asked to allow what cannot be shown.
      if (second_person && !(await options.find(mark, run, scope))) throw notKept();
      await uow.transaction(async (tx) => {
        await store.insert(tx, reveal);
        const data = { reveal: reveal.id, mark, run, reason, second_person };
        await audit.append(tx, [draft({ type: 'audit.reveal_requested', actor: actorOf(by), data })]);
      });
      return second_person ? { ...reveal, value: null } : show(reveal.id, by, scope);
    },
    allow: (id, by) => decide(id, 'allow', null, by),
    refuse: (id, reason, by) => decide(id, 'refuse', reason, by),
    show,
    list: (page) => store.list(page),
  };
}

/** The mark as the record has it. INVARIANT: no secret is ever looked for. */
function wholeMark(text: string): string {
  const mark = parseMark(text);
  if (mark === null)
    throw new PortreeveError('bad_request', 'This is no mark of the record.', {
      next: 'Copy it as it stands there, such as personal:email:16:0badcafe0badcafe; the brackets may be left out.',
    });
  if (mark.kind === 'secret')
    throw new PortreeveError(
      'never_revealed',
      `Behind this mark is a secret (${mark.type}), and secrets are not shown.`,
    );
  return text.startsWith('\u27e6') ? text : `\u27e6${text}\u27e7`;
}

function notKept(): PortreeveError {
  return new PortreeveError('not_found', 'What stands behind this mark is not kept, or not where you may read.', {
    next: 'It may have been erased, its time may have ended, or it came from a source that keeps nothing; the source itself may know.',
  });
}

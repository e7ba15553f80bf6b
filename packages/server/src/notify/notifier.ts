import {
  type AuditWriter,
  type Clock,
  draft,
  type NotificationChannel,
  PortreeveError,
  type RecordActor,
  type RecordRefs,
  SYSTEM_ACTOR,
  type UnitOfWork,
} from '@portreeve/contract';
import { heardOnlyBy, hears } from './choose-channels.ts';
import type { ChannelState, Notification, NotificationStore } from './ports.ts';
import { NotTaken, type Send, type SenderDeps, senderOf } from './senders.ts';
import { digestOf, type Message, messageOf, type Told, testMessage } from './words.ts';

export interface ChannelView extends Omit<ChannelState, 'channel'> {
  readonly name: string;
  readonly kind: NotificationChannel['kind'];
}

export interface Notifier {
  /** Sends what is due, channel by channel. Never rejects for a receiver. */
  deliver(): Promise<void>;
  /** Tries a channel now; gives why it did not take the message, or null. Throws `not_found`. */
  try(channel: string, by: RecordActor): Promise<string | null>;
  /** How each configured channel is. */
  states(): Promise<ChannelView[]>;
  /** Removes what ended long ago. */
  forgetOld(): Promise<number>;
  close(): void;
}

export interface NotifierDeps extends SenderDeps {
  readonly channels: readonly NotificationChannel[];
  readonly store: NotificationStore;
  readonly audit: AuditWriter;
  readonly uow: UnitOfWork;
  readonly clock: Clock;
  /** What there is to say of it by now; null where it is over, so that nobody is to be told any more. */
  readonly look: (notification: Notification) => Promise<Told | null>;
  /** The address that people open, as `https://portreeve.example`. */
  readonly origin: string;
}

/** Notifications that one pass takes for a channel. */
const BATCH = 50;
/** How many are told one by one; more become one message. */
const SINGLE_MAX = 5;
const SEND_MS_MAX = 15_000;
/** Who dies while it sends leaves what it took to the others after this time: that message may arrive twice. */
const TAKEN_MS = 120_000;
const RETRY_MS = { first: 5000, most: 900_000 };
const TRIES_MAX = 20;
const KEPT_DAYS = 30;

/** Tells people, at least once, of what the outbox holds. */
export function createNotifier(deps: NotifierDeps): Notifier {
  const { channels, store, clock, audit, uow, origin } = deps;
  const sendByName = new Map(channels.map((channel) => [channel.name, senderOf(channel, deps)]));
  const closing = new AbortController();
  const later = (ms: number): string => new Date(clock.now().getTime() + ms).toISOString();
  const now = (): string => clock.now().toISOString();

  /** One message for some of the outbox; false where the channel did not take it. */
  async function tell(channel: NotificationChannel, items: readonly Looked[], message: Message): Promise<boolean> {
    const { ids, told, base } = factsOf(items);
    const to = [...new Set(items.flatMap((item) => item.to))];
    try {
      await send(sendByName.get(channel.name)!, message, to, `notification-${ids[0]}`, closing.signal);
    } catch (error) {
      if (closing.signal.aborted) return false;
      await notTaken(channel, items, asNotTaken(error));
      return false;
    }
    await uow.transaction(async (tx) => {
      await store.end(tx, ids, 'sent', now());
      const data = { channel: channel.name, told };
      await audit.append(tx, [draft({ ...base, type: 'notification.sent', outcome: 'sent', data })]);
    });
    return true;
  }

  /** Each of a message is tried again, or given up, by its own tries: an old one must not take new ones with it. */
  async function notTaken(
    channel: NotificationChannel,
    items: readonly Looked[],
    { message: problem, wait_ms }: NotTaken,
  ) {
    for (const [tries, alike] of Map.groupBy(items, ({ notification }) => notification.tries)) {
      const { ids, told, base } = factsOf(alike);
      if (tries < TRIES_MAX) {
        const wait = Math.max(wait_ms ?? 0, RETRY_MS.first * 2 ** (tries - 1));
        await store.retry(ids, later(Math.min(wait, RETRY_MS.most)), problem);
        continue;
      }
      await uow.transaction(async (tx) => {
        await store.end(tx, ids, 'failed', now(), problem);
        const data = { channel: channel.name, told, tries, problem };
        await audit.append(tx, [draft({ ...base, type: 'notification.failed', outcome: 'failed', data })]);
      });
    }
  }

  /** What is still to be told, and to whom; the rest is ended. */
  async function looked(channel: NotificationChannel, taken: readonly Notification[]): Promise<Looked[]> {
    const all = await Promise.all(
      taken.map(async (notification) => {
        const told = await deps.look(notification);
        const to = told && hears(channel, told) ? heardOnlyBy(channel, channels, told) : [];
        return { notification, told, to };
      }),
    );
    const over = all.filter(({ to }) => to.length === 0).map(({ notification }) => notification.id);
    if (over.length > 0) await uow.transaction((tx) => store.end(tx, over, 'skipped', now()));
    return all.filter((each): each is Looked => each.told !== null && each.to.length > 0);
  }

  async function deliverBy(channel: NotificationChannel): Promise<void> {
    for (;;) {
      if (closing.signal.aborted) return;
      const taken = await store.take(channel.name, now(), later(TAKEN_MS), BATCH);
      const items = await looked(channel, taken);
      const together = items.length > SINGLE_MAX ? [items] : items.map((item) => [item]);
      for (const [index, part] of together.entries()) {
        const message =
          part.length === 1
            ? messageOf(part[0]!.told, origin)
            : digestOf(
                part.map(({ told }) => told),
                origin,
              );
        if (await tell(channel, part, message)) continue;
        // What stands behind it waits, too: a receiver that does not answer is not asked again and again.
        const rest = together.slice(index + 1).flat();
        const ids = rest.map(({ notification }) => notification.id);
        if (ids.length > 0)
          await store.retry(ids, later(RETRY_MS.first), 'the message before it was not taken', 'untried');
        return;
      }
      if (taken.length < BATCH) return;
    }
  }

  return {
    async deliver() {
      await Promise.all(channels.map(deliverBy));
    },

    async try(name, by) {
      const channel = channels.find((each) => each.name === name);
      if (!channel)
        throw new PortreeveError('not_found', `There is no channel ${name.slice(0, 64)}.`, {
          next: 'See `notifications.channels` in portreeve.config.ts.',
        });
      const problem = await send(
        sendByName.get(name)!,
        testMessage(name, origin),
        channel.kind === 'email' ? channel.to : [],
        `notification-test-${clock.now().getTime()}`,
        closing.signal,
      ).then(
        () => null,
        (error: unknown) => asNotTaken(error).message,
      );
      const told = [{ kind: 'test' as const, about: name }];
      await audit.record([
        problem === null
          ? draft({ type: 'notification.sent', actor: by, outcome: 'sent', data: { channel: name, told } })
          : draft({
              type: 'notification.failed',
              ...{ actor: by, outcome: 'failed' },
              data: { channel: name, told, tries: 1, problem },
            }),
      ]);
      return problem;
    },

    async states() {
      const byName = new Map((await store.states(now())).map(({ channel, ...state }) => [channel, state]));
      const none = { waiting: 0, sent_at: null, problem: null, failed: 0 };
      return channels.map(({ name, kind }) => ({ name, kind, ...(byName.get(name) ?? none) }));
    },

    forgetOld: () => store.forget(later(-KEPT_DAYS * 86_400_000)),
    close: () => closing.abort(new Error('the server stops')),
  };
}

interface Looked {
  readonly notification: Notification;
  readonly told: Told;
  readonly to: readonly string[];
}

/** What is recorded of what one message tells. */
function factsOf(items: readonly Looked[]) {
  return {
    ids: items.map(({ notification }) => notification.id),
    told: items.map(({ notification: { kind, about } }) => ({ kind, about })),
    base: { actor: SYSTEM_ACTOR, refs: items.length === 1 ? refsOf(items[0]!.notification) : {} },
  };
}

function send(how: Send, message: Message, to: readonly string[], key: string, closing: AbortSignal): Promise<void> {
  return how(message, to, key, AbortSignal.any([closing, AbortSignal.timeout(SEND_MS_MAX)]));
}

/** What is no answer of a receiver is a fault of ours: its text is not shown. */
function asNotTaken(error: unknown): NotTaken {
  return error instanceof NotTaken ? error : new NotTaken('the message could not be made');
}

function refsOf({ kind, about, workflow }: Notification): RecordRefs {
  return {
    ...(workflow === null ? {} : { workflow }),
    ...(kind.startsWith('approval.') ? { approval: about as RecordRefs['approval'] & string } : {}),
    ...(kind.startsWith('handoff.') ? { handoff: about as RecordRefs['handoff'] & string } : {}),
  } as RecordRefs;
}

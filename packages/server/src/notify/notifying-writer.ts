import type { AuditWriter, Clock, NotificationChannel, RecordDraft, Tx, UnitOfWork } from '@portreeve/contract';
import { hears } from './choose-channels.ts';
import { eventsOf } from './events.ts';
import type { NewNotification, NotificationStore } from './ports.ts';

/**
 * The record, with an outbox before it: what concerns people is put there in the transaction that changes and records it,
 * so that nobody is told of what did not happen, and nothing that happened is forgotten.
 */
export function notifyingWriter(options: {
  readonly audit: AuditWriter;
  readonly uow: UnitOfWork;
  readonly outbox: Pick<NotificationStore, 'insert'>;
  readonly channels: readonly NotificationChannel[];
  readonly clock: Clock;
}): AuditWriter {
  const { audit, uow, outbox, channels, clock } = options;
  if (channels.length === 0) return audit;

  const wanted = (drafts: readonly RecordDraft[]): NewNotification[] => {
    const at = clock.now();
    return drafts
      .flatMap((draft) => eventsOf(draft, at))
      .flatMap((event) =>
        channels
          // Groups are judged when it is sent: a hand-off says whose work it is by then.
          .filter((channel) => hears(channel, { ...event, groups: null }))
          .map(({ name }) => ({ ...event, channel: name, created_at: at.toISOString() })),
      );
  };
  const append = async (tx: Tx, drafts: readonly RecordDraft[]): Promise<void> => {
    await outbox.insert(tx, wanted(drafts));
    await audit.append(tx, drafts);
  };
  return {
    append,
    record: (drafts, place) =>
      drafts.some((draft) => eventsOf(draft, clock.now()).length > 0)
        ? uow.transaction((tx) => append(tx, drafts))
        : audit.record(drafts, place),
  };
}

import type { Notified, Tx } from '@portreeve/contract';

/** What one channel is to tell of. Times are RFC 3339 in UTC with milliseconds. */
export interface NewNotification {
  readonly channel: string;
  /** What happened, once. */
  readonly event: string;
  readonly kind: Notified;
  /** An approval, a hand-off, or what is frozen. */
  readonly about: string;
  readonly workflow: string | null;
  /** Whom it concerns; null where what it is about says that. */
  readonly groups: readonly string[] | null;
  /** The stage of a freeze. */
  readonly stage: string | null;
  readonly created_at: string;
  /** Not before. */
  readonly send_at: string;
}

export interface Notification extends NewNotification {
  readonly id: number;
  /** How often it was tried, this time included. */
  readonly tries: number;
}

export interface ChannelState {
  readonly channel: string;
  /** Messages whose time has come. */
  readonly waiting: number;
  readonly sent_at: string | null;
  /** Since the newest that was sent: why the newest one that was tried was not. */
  readonly problem: string | null;
  /** Given up within the last day. */
  readonly failed: number;
}

/** The outbox. */
export interface NotificationStore {
  /** Leaves out what the channel was to tell of before. */
  insert(tx: Tx, notifications: readonly NewNotification[]): Promise<void>;
  /** Takes what is due, the oldest first; until `taken_until` nobody else does. */
  take(channel: string, now: string, taken_until: string, limit: number): Promise<Notification[]>;
  end(
    tx: Tx,
    ids: readonly number[],
    state: 'sent' | 'skipped' | 'failed',
    at: string,
    problem?: string,
  ): Promise<void>;
  /** Not taken: again from `send_at` on. `untried`: nothing was sent for these, so that it counts as no try. */
  retry(ids: readonly number[], send_at: string, problem: string, untried?: 'untried'): Promise<void>;
  states(now: string): Promise<ChannelState[]>;
  /** Removes what ended before; gives how many. */
  forget(before: string): Promise<number>;
}

import { randomBytes } from 'node:crypto';
import { type GrantUsed, openJournal, rememberGrants } from '@portreeve/example-downstream';
import type { GrantInfo, ReplayStore } from '@portreeve/verify';

export interface Classification {
  readonly category: string;
  readonly urgency: string;
  readonly language: string;
}

/** A reply as it left: what, to whom, and by whose right. */
export interface Sent {
  readonly message: string;
  readonly ticket: string;
  readonly to: string;
  readonly body: string;
  readonly summary: readonly string[];
  /** From the grant: on whose behalf, and who agreed. */
  readonly by: { readonly subject: string; readonly approvers: readonly string[] };
}

type Line =
  | { readonly type: 'sent'; readonly key: string; readonly sent: Sent }
  | {
      readonly type: 'classified';
      readonly key: string;
      readonly ticket: string;
      readonly classification: Classification | null;
    }
  | GrantUsed;

export interface Desk {
  /** Remembers used grants, so that a restart forgets none. */
  readonly replay: ReplayStore;
  /** Sends once for each key: a repeated call is answered with what the first one sent. */
  send(reply: Omit<Sent, 'message' | 'by'>, key: string, grant: GrantInfo): Promise<Sent>;
  /** Sets the classification once for each key; `null` takes it off. */
  classify(ticket: string, classification: Classification | null, key: string): Promise<void>;
  stateOf(ticket: string): { classification: Classification | null; replies: readonly Sent[] };
  close(): Promise<void>;
}

/** Opens `desk.jsonl`, in which every change is on the disk before it is answered. */
export async function openDesk(folder: string): Promise<Desk> {
  const { journal, lines } = await openJournal<Line>(folder, 'desk.jsonl');
  const sentByKey = new Map<string, Sent>();
  const classifiedKeys = new Set<string>();
  const classifications = new Map<string, Classification | null>();
  const remember = (line: Line): void => {
    if (line.type === 'sent') sentByKey.set(line.key, line.sent);
    else if (line.type === 'classified') {
      classifiedKeys.add(line.key);
      classifications.set(line.ticket, line.classification);
    }
  };
  for (const line of lines) remember(line);
  const write = async (line: Line): Promise<void> => {
    await journal.append(line);
    remember(line);
  };

  return {
    replay: rememberGrants(journal, lines),
    send: (reply, key, { subject, approvers }) =>
      journal.inTurn(async () => {
        const known = sentByKey.get(key);
        if (known) return known;
        const sent: Sent = { message: `msg-${randomBytes(6).toString('hex')}`, ...reply, by: { subject, approvers } };
        await write({ type: 'sent', key, sent });
        return sent;
      }),
    classify: (ticket, classification, key) =>
      journal.inTurn(async () => {
        if (!classifiedKeys.has(key)) await write({ type: 'classified', key, ticket, classification });
      }),
    stateOf: (ticket) => ({
      classification: classifications.get(ticket) ?? null,
      replies: [...sentByKey.values()].filter((sent) => sent.ticket === ticket),
    }),
    close: () => journal.close(),
  };
}

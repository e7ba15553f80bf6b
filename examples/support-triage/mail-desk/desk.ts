import { randomBytes } from 'node:crypto';
import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
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
  | { readonly type: 'grant_used'; readonly jti: string };

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
  await mkdir(folder, { recursive: true });
  const file: FileHandle = await open(join(folder, 'desk.jsonl'), 'a+', 0o600);
  const sentByKey = new Map<string, Sent>();
  const classifiedKeys = new Set<string>();
  const classifications = new Map<string, Classification | null>();
  const used = new Set<string>();
  const remember = (line: Line): void => {
    if (line.type === 'sent') sentByKey.set(line.key, line.sent);
    else if (line.type === 'grant_used') used.add(line.jti);
    else {
      classifiedKeys.add(line.key);
      classifications.set(line.ticket, line.classification);
    }
  };
  for (const line of (await file.readFile('utf8')).split('\n')) if (line !== '') remember(JSON.parse(line) as Line);

  let tail: Promise<unknown> = Promise.resolve();
  /** One change after another: two calls with one key must not both find it free. */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = tail.then(work);
    tail = turn.catch(() => undefined);
    return turn;
  };
  const write = async (line: Line): Promise<void> => {
    await file.appendFile(`${JSON.stringify(line)}\n`);
    await file.datasync();
    remember(line);
  };

  return {
    replay: {
      use: (jti) =>
        inTurn(async () => {
          if (used.has(jti)) return false;
          await write({ type: 'grant_used', jti });
          return true;
        }),
    },
    send: (reply, key, { subject, approvers }) =>
      inTurn(async () => {
        const known = sentByKey.get(key);
        if (known) return known;
        const sent: Sent = { message: `msg-${randomBytes(6).toString('hex')}`, ...reply, by: { subject, approvers } };
        await write({ type: 'sent', key, sent });
        return sent;
      }),
    classify: (ticket, classification, key) =>
      inTurn(async () => {
        if (!classifiedKeys.has(key)) await write({ type: 'classified', key, ticket, classification });
      }),
    stateOf: (ticket) => ({
      classification: classifications.get(ticket) ?? null,
      replies: [...sentByKey.values()].filter((sent) => sent.ticket === ticket),
    }),
    async close() {
      await tail;
      await file.close();
    },
  };
}

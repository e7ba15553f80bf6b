import { placeText } from '@portreeve/audit';
import { acceptableUseLink, decisionSchema, type RecordEntry, type RecordType, type Run } from '@portreeve/contract';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Services } from '../services.ts';
import { followRun, type Heard } from './follow-log.ts';

const KEEP_ALIVE_MS = 15_000;
const PAGE = 200;
/** Bytes that wait for a client which does not read: beyond that it is let go, and comes back with `after`. */
const UNREAD_MAX = 1024 * 1024;

/**
 * Writes the records of a run as server-sent events (WHATWG HTML, 9.2): `id` is the record's index in its log, so a client that
 * comes back with `after` misses nothing. Ends behind `run.ended`, or when the client goes; an error cuts it off, so that
 * nobody takes it for the end.
 */
export async function streamRun(
  services: Services,
  run: Run,
  after: number,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  reply.hijack();
  try {
    await write(services, run, after, request, reply);
    reply.raw.end();
  } catch (error) {
    request.log.error({ err: error }, 'the events of a run broke off');
    reply.raw.destroy();
  }
}

async function write(
  services: Services,
  run: Run,
  after: number,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  const out = reply.raw;
  out.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' });
  const { promise: over, resolve: end, reject: fail } = Promise.withResolvers<void>();
  over.catch(() => undefined);
  let gone = false;
  request.raw.once('close', () => {
    gone = true;
    end();
  });
  const { id, workflow } = run;
  const { name, log } = services.audit.ofWorkflow(workflow);
  let last = after;
  const tell = (records: readonly Heard[]): void => {
    const fresh = gone ? [] : records.filter(({ entry }) => entry.index > last);
    if (fresh.length === 0) return;
    // What comes behind the end, as an undo does, is no part of it.
    const ending = fresh.findIndex(({ entry }) => entry.type === 'run.ended');
    const told = ending < 0 ? fresh : fresh.slice(0, ending + 1);
    last = told.at(-1)!.entry.index;
    out.write(told.map((record) => textOf(name, record)).join(''));
    if (ending >= 0) {
      gone = true;
      end();
    } else if (out.writableLength > UNREAD_MAX) {
      gone = true;
      out.destroy();
    }
  };
  // What comes while the past is told waits behind it.
  let behind: Heard[] | null = [];
  const leave = await followRun(log, id, {
    heard: (records) => {
      if (behind) behind.push(...records);
      else tell(records);
    },
    broke: fail,
  });
  try {
    // Asked before the records are read: if it had ended then, all of them are there.
    const ended = ((await services.runs.get(id))?.ended_at ?? null) !== null;
    for (let full = true; full && !gone; ) {
      const page = { run: id, order: 'oldest', limit: PAGE, ...(last >= 0 ? { after: last } : {}) } as const;
      const { records } = await log.search(page);
      tell(records);
      full = records.length === PAGE;
    }
    tell(behind);
    behind = null;
    if (ended) return;
    const alive = setInterval(() => out.write(': waiting\n\n'), KEEP_ALIVE_MS);
    try {
      await over;
    } finally {
      clearInterval(alive);
    }
  } finally {
    leave();
  }
}

/** Of the followers of one record each gets the same text. */
const texts = new WeakMap<Heard, string>();

function textOf(log: string, record: Heard): string {
  const known = texts.get(record);
  if (known !== undefined) return known;
  const { entry, payload } = record;
  const data = payload?.data ?? null;
  const told = { place: placeText(log, entry.index), entry, actor_name: payload?.actor_name ?? null, data };
  const event = { ...told, acceptable_use: paragraphOf(entry, data) };
  const text = `id: ${entry.index}\nevent: ${entry.type}\ndata: ${JSON.stringify(event)}\n\n`;
  texts.set(record, text);
  return text;
}

/** Records that say that what somebody wanted was refused, by policy or by a person. */
const REFUSALS: Readonly<Partial<Record<RecordType, readonly string[]>>> = {
  'source.refused': ['refuse'],
  'tool.refused': ['refuse'],
  'decision.made': ['refuse'],
  'approval.closed': ['denied', 'expired'],
};

/** Where a refusal points: the paragraph of the workflow's acceptable use that answers for it; null for what is none. */
function paragraphOf(
  { type, outcome, refs: { workflow } }: Pick<RecordEntry, 'type' | 'outcome' | 'refs'>,
  data: object | null,
): string | null {
  if (!REFUSALS[type]?.includes(outcome) || workflow === undefined) return null;
  const decision = decisionSchema.safeParse((data as { decision?: unknown } | null)?.decision);
  // A person who denies answers for themselves.
  const reasons = decision.success ? decision.data.reasons : [{ layer: 'data' as const, code: 'denied' }];
  return acceptableUseLink(workflow, reasons);
}

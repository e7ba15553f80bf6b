import { placeText } from '@portreeve/audit';
import { acceptableUseLink, decisionSchema, type RecordEntry, type RecordType, type RunId } from '@portreeve/contract';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Services } from '../services.ts';

const POLL_MS = 150;
const KEEP_ALIVE_MS = 15_000;

/**
 * Writes the records of a run as server-sent events (WHATWG HTML, 9.2): `id` is the record's index in its log, so a client that
 * comes back with `after` misses nothing. Ends behind `run.ended`, or when the client goes; an error cuts it off, so that
 * nobody takes it for the end.
 */
export async function streamRun(
  services: Services,
  run: RunId,
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
  run: RunId,
  after: number,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  const out = reply.raw;
  out.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' });
  let gone = false;
  request.raw.once('close', () => {
    gone = true;
  });
  const { name, log } = services.audit.ofWorkflow((await services.runs.get(run))?.workflow ?? '');
  let last = after;
  let quiet = 0;
  while (!gone) {
    // Asked before the records are read: if it had ended then, all of them are there.
    const ended = ((await services.runs.get(run))?.ended_at ?? null) !== null;
    const page = await log.search({
      run,
      order: 'oldest',
      limit: 200,
      ...(last >= 0 ? { after: last } : {}),
    });
    for (const { entry, payload } of page.records) {
      last = entry.index;
      const data = payload?.data ?? null;
      const told = { place: placeText(name, entry.index), entry, actor_name: payload?.actor_name ?? null, data };
      const event = { ...told, acceptable_use: paragraphOf(entry, data) };
      out.write(`id: ${entry.index}\nevent: ${entry.type}\ndata: ${JSON.stringify(event)}\n\n`);
      if (entry.type === 'run.ended') return;
    }
    if (page.records.length > 0) {
      quiet = 0;
      continue;
    }
    if (ended) return;
    await new Promise((next) => setTimeout(next, POLL_MS));
    quiet += POLL_MS;
    if (quiet >= KEEP_ALIVE_MS) {
      out.write(': waiting\n\n');
      quiet = 0;
    }
  }
}

/** Records that say that what somebody wanted was refused, by policy or by a person. */
const REFUSALS: Readonly<Partial<Record<RecordType, readonly string[]>>> = {
  'source.refused': ['refuse'],
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

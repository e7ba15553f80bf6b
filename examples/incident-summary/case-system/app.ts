import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type Call, type GrantGate, Problem, type Reply, type Route } from '@portreeve/example-downstream';
import { KeyMismatch, type Publication, type Publications } from './publications.ts';

/**
 * How the system misbehaves on every `/cases` route, for tests. `timeout`: does the work and never answers. `drop_before`
 * and `drop_after`: cut the connection before or after the work. `error`: answers 500 and does nothing.
 */
const FAULTS = ['none', 'timeout', 'drop_before', 'drop_after', 'error'] as const;
type Fault = (typeof FAULTS)[number];

export interface AppOptions {
  /** The folder of `<case_id>.jsonl` files. */
  readonly cases: string;
  /** Refuses who may not read. */
  readonly assertReader: (call: Call) => void;
  readonly grants: GrantGate;
  readonly publications: Publications;
  readonly allowFaults: boolean;
}

/** Narrow enough to be a file name; anything else is an unknown case and never reaches the file system. */
const CASE_ID = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

/** The requests of the case system: read a case's logs, publish its summary, read what was published. */
export function caseRoutes({ cases, assertReader, grants, publications, allowFaults }: AppOptions): Route[] {
  let fault: Fault = 'none';
  const summary = /^\/cases\/([^/]+)\/summary$/;
  return [
    { method: 'GET', path: /^\/cases\/([^/]+)\/logs$/, handle: onCase(sendLogs) },
    { method: 'GET', path: summary, handle: onCase(sendSummary) },
    { method: 'POST', path: summary, handle: onCase(publish) },
    ...(allowFaults ? [{ method: 'POST', path: /^\/_faults$/, handle: setFault } as const] : []),
  ];

  /** A handler for one case, behind the fault that holds. */
  function onCase(handle: (call: Call, caseId: string) => Promise<Reply | null>): Route['handle'] {
    return async (call) => {
      if (fault === 'drop_before') {
        call.request.socket.destroy();
        return null;
      }
      if (fault === 'error') throw new Problem(500, 'internal', 'This system was told to fail.');
      const [caseId = ''] = call.names;
      if (!CASE_ID.test(caseId)) throw new Problem(404, 'unknown_case', 'There is no such case.');
      return handle(call, caseId);
    };
  }

  async function sendLogs(call: Call, caseId: string): Promise<null> {
    assertReader(call);
    const file = await open(join(cases, `${caseId}.jsonl`)).catch(() => null);
    if (!file) throw new Problem(404, 'unknown_case', 'There is no such case.');
    if (lostAnswer(call)) {
      await file.close();
      return null;
    }
    call.response.writeHead(200, { 'content-type': 'application/jsonl', 'cache-control': 'no-store' });
    await pipeline(file.createReadStream(), call.response);
    return null;
  }

  async function sendSummary(call: Call, caseId: string): Promise<Reply | null> {
    assertReader(call);
    const published = publications.newest(caseId);
    if (!published) throw new Problem(404, 'not_found', 'Nothing was published for this case.');
    const { case_id, revision, publication, at, by } = published;
    return lostAnswer(call) ? null : { body: { case_id, revision, publication, published_at: at, by } };
  }

  async function publish(call: Call, caseId: string): Promise<Reply | null> {
    grants.needed(call);
    const idempotency_key = call.header('Idempotency-Key');
    const publication = publicationOf(await call.body());
    // Everything that is used below is among the arguments that the grant's digest covers.
    const grant = await grants.verify(call, 'publish_case_summary', { case_id: caseId, ...publication });
    const wish = { case_id: caseId, publication, idempotency_key, grant };
    const { answer, repeated } = await publications.publish(wish).catch((error: unknown) => {
      throw error instanceof KeyMismatch ? new Problem(422, 'idempotency_mismatch', error.message) : error;
    });
    if (lostAnswer(call)) return null;
    return repeated ? { body: answer, headers: { 'idempotent-replayed': 'true' } } : { status: 201, body: answer };
  }

  async function setFault(call: Call): Promise<Reply> {
    const { mode } = await call.body();
    const known = FAULTS.find((name) => name === mode);
    if (!known) throw new Problem(400, 'bad_request', `The mode is one of ${FAULTS.join(', ')}.`);
    fault = known;
    return { body: { mode: fault } };
  }

  /** Whether the work is done and its answer must get lost. */
  function lostAnswer({ request }: Call): boolean {
    if (fault === 'drop_after') request.socket.destroy();
    return fault === 'drop_after' || fault === 'timeout';
  }
}

/** An object with a summary. A `case_id` in it could put another case under the grant's digest than the address names. */
function publicationOf(body: Readonly<Record<string, unknown>>): Publication {
  if (!Object.hasOwn(body, 'summary') || Object.hasOwn(body, 'case_id')) {
    throw new Problem(400, 'bad_request', 'The body is an object with a "summary" and without a "case_id".');
  }
  return body as Publication;
}

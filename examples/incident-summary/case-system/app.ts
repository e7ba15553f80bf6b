import { createHash, timingSafeEqual } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { GRANT_HEADER, GrantKeysUnavailable, GrantRefused, type GrantVerifier, PROOF_HEADER } from '@portreeve/verify';
import { HttpProblem, readJson, sendJson, sendProblem } from './http.ts';
import type { Publication } from './journal.ts';
import { KeyMismatch, type Publications } from './publications.ts';

/**
 * How the system misbehaves on every `/cases` route, for tests. `timeout`: does the work and never answers. `drop_before`
 * and `drop_after`: cut the connection before or after the work. `error`: answers 500 and does nothing.
 */
const FAULTS = ['none', 'timeout', 'drop_before', 'drop_after', 'error'] as const;
type Fault = (typeof FAULTS)[number];

export interface AppOptions {
  /** The folder of `<case_id>.jsonl` files. */
  readonly cases: string;
  /** Who may read, as `Authorization: Bearer …`. */
  readonly readToken: string;
  readonly verifier: GrantVerifier;
  readonly publications: Publications;
  readonly allowFaults: boolean;
}

/** Narrow enough to be a file name; anything else is an unknown case and never reaches the file system. */
const CASE_ID = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

type Route = (request: IncomingMessage, response: ServerResponse, caseId: string) => Promise<void>;

/** The requests of the case system: read a case's logs, publish its summary, read what was published. */
export function createApp(options: AppOptions): RequestListener {
  const { publications, verifier } = options;
  let fault: Fault = 'none';

  const routes: Readonly<Record<string, Readonly<Record<string, Route>>>> = {
    logs: { GET: sendLogs },
    summary: { GET: sendSummary, POST: publish },
  };

  return (request, response) => {
    answer(request, response).catch((error: unknown) => {
      if (response.headersSent) response.destroy();
      else sendProblem(response, problemOf(error));
    });
  };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? '/', 'http://case-system');
    if (pathname === '/healthz' && request.method === 'GET') return sendJson(response, 200, { status: 'ok' });
    if (pathname === '/_faults' && options.allowFaults) return setFault(request, response);
    const [, caseId, leaf] = /^\/cases\/([^/]+)\/([a-z]+)$/.exec(pathname) ?? [];
    const methods = leaf !== undefined && Object.hasOwn(routes, leaf) ? routes[leaf] : undefined;
    if (!methods || caseId === undefined) throw new HttpProblem(404, 'not_found', 'There is no such address.');
    const method = request.method ?? '';
    const route = Object.hasOwn(methods, method) ? methods[method] : undefined;
    if (!route) {
      throw new HttpProblem(405, 'method_not_allowed', 'Not this method.', { allow: Object.keys(methods).join(', ') });
    }
    if (fault === 'drop_before') request.socket.destroy();
    else if (fault === 'error') throw new HttpProblem(500, 'internal', 'This system was told to fail.');
    else await route(request, response, caseIdOf(caseId));
  }

  async function sendLogs(request: IncomingMessage, response: ServerResponse, caseId: string): Promise<void> {
    assertReader(request);
    const file = await open(caseFile(caseId)).catch(() => null);
    if (!file) throw new HttpProblem(404, 'unknown_case', 'There is no such case.');
    if (lostAnswer(request)) return file.close();
    response.writeHead(200, { 'content-type': 'application/jsonl', 'cache-control': 'no-store' });
    await pipeline(file.createReadStream(), response);
  }

  async function sendSummary(request: IncomingMessage, response: ServerResponse, caseId: string): Promise<void> {
    assertReader(request);
    const published = publications.newest(caseId);
    if (!published) throw new HttpProblem(404, 'not_found', 'Nothing was published for this case.');
    const { case_id, revision, publication, at, by } = published;
    if (!lostAnswer(request)) sendJson(response, 200, { case_id, revision, publication, published_at: at, by });
  }

  async function publish(request: IncomingMessage, response: ServerResponse, caseId: string): Promise<void> {
    const token = single(request, GRANT_HEADER);
    if (token === null) throw new GrantRefused('missing', `There is no ${GRANT_HEADER} header.`);
    const idempotency_key = single(request, 'Idempotency-Key');
    const publication = publicationBody(await readJson(request));
    // Everything that is used below is among the arguments that the grant's digest covers.
    const args = { case_id: caseId, ...publication };
    const { method = '', url: path = '' } = request;
    const received = { method, path, proof: single(request, PROOF_HEADER) };
    const grant = await verifier.verify(token, { tool: 'publish_case_summary', args, request: received });
    const { answer, repeated } = await publications.publish({ case_id: caseId, publication, idempotency_key, grant });
    if (lostAnswer(request)) return;
    sendJson(response, repeated ? 200 : 201, answer, repeated ? { 'idempotent-replayed': 'true' } : {});
  }

  async function setFault(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== 'POST')
      throw new HttpProblem(405, 'method_not_allowed', 'Not this method.', { allow: 'POST' });
    const { mode } = (await readJson(request)) as { mode?: unknown };
    const known = FAULTS.find((name) => name === mode);
    if (!known) throw new HttpProblem(400, 'bad_request', `The mode is one of ${FAULTS.join(', ')}.`);
    fault = known;
    sendJson(response, 200, { mode: fault });
  }

  /** Whether the work is done and its answer must get lost. */
  function lostAnswer(request: IncomingMessage): boolean {
    if (fault === 'drop_after') request.socket.destroy();
    return fault === 'drop_after' || fault === 'timeout';
  }

  function assertReader(request: IncomingMessage): void {
    const given = /^Bearer ([\x21-\x7e]+)$/.exec(single(request, 'Authorization') ?? '')?.[1] ?? '';
    if (!timingSafeEqual(sha256(given), sha256(options.readToken))) {
      throw new HttpProblem(401, 'unauthorized', 'Reading needs the read token.', { 'www-authenticate': 'Bearer' });
    }
  }

  function caseFile(caseId: string): string {
    return join(options.cases, `${caseId}.jsonl`);
  }
}

function caseIdOf(encoded: string): string {
  let caseId = '';
  try {
    caseId = decodeURIComponent(encoded);
  } catch {
    // Not a percent-encoding: refused below.
  }
  if (!CASE_ID.test(caseId)) throw new HttpProblem(404, 'unknown_case', 'There is no such case.');
  return caseId;
}

/** An object with a summary. A `case_id` in it could put another case under the grant's digest than the address names. */
function publicationBody(body: unknown): Publication {
  const isObject = typeof body === 'object' && body !== null && !Array.isArray(body);
  if (!isObject || !Object.hasOwn(body, 'summary') || Object.hasOwn(body, 'case_id')) {
    throw new HttpProblem(400, 'bad_request', 'The body is an object with a "summary" and without a "case_id".');
  }
  return body as Publication;
}

/** A header that may stand there once. */
function single(request: IncomingMessage, name: string): string | null {
  const values = request.headersDistinct[name.toLowerCase()] ?? [];
  if (values.length > 1) throw new HttpProblem(400, 'bad_request', `The header ${name} stands there twice.`);
  return values[0] ?? null;
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function problemOf(error: unknown): HttpProblem {
  if (error instanceof HttpProblem) return error;
  if (error instanceof GrantRefused) return new HttpProblem(error.status, `grant_${error.code}`, error.message);
  if (error instanceof GrantKeysUnavailable) return new HttpProblem(503, 'keys_unavailable', error.message);
  if (error instanceof KeyMismatch) return new HttpProblem(422, 'idempotency_mismatch', error.message);
  return new HttpProblem(500, 'internal', 'An error of the case system itself.');
}

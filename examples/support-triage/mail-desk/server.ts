/**
 * A small help desk: the downstream of the example, a process of its own. It keeps tickets with the mails as they came in,
 * and sends replies and sets classifications against a grant of Portreeve and against nothing else.
 *
 *   node server.ts --port 0 --data DIR --issuer ISS --jwks URL --read-token-file FILE
 *
 * Prints one line of JSON when it listens, and ends on SIGTERM, on SIGINT, or when its standard input closes.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseArgs } from 'node:util';
import { createGrantVerifier, GRANT_HEADER, GrantKeysUnavailable, GrantRefused, PROOF_HEADER } from '@portreeve/verify';
import { type Classification, openDesk } from './desk.ts';
import { TICKETS, type Ticket } from './tickets.ts';

class Problem extends Error {
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

const { values: given } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    data: { type: 'string' },
    issuer: { type: 'string' },
    jwks: { type: 'string' },
    audience: { type: 'string', default: 'urn:portreeve:example:mail-desk' },
    'read-token-file': { type: 'string' },
  },
});
const { data, issuer, jwks, 'read-token-file': readTokenFile } = given;
if (!data || !issuer || !jwks || !readTokenFile) {
  process.stderr.write('mail-desk: --data, --issuer, --jwks and --read-token-file are needed\n');
  process.exit(2);
}
const readToken = (await readFile(readTokenFile, 'utf8')).trim();
const desk = await openDesk(data);
const verifier = createGrantVerifier({
  jwks: new URL(jwks),
  issuer,
  audience: given.audience,
  // Where Portreeve calls it, which is known once it listens.
  origin: () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  replay: desk.replay,
});

interface Answer {
  readonly type: string;
  readonly body: string | Buffer;
}
const json = (value: unknown): Answer => ({ type: 'application/json', body: JSON.stringify(value) });

type Handler = (request: IncomingMessage, ticket: string) => Promise<Answer>;
const routes: readonly (readonly [string, RegExp, Handler])[] = [
  ['GET', /^\/healthz()$/, async () => json({ status: 'ok' })],
  ['GET', /^\/tickets\/(T-[0-9]{4})\/mail$/, sendMail],
  ['GET', /^\/tickets\/(T-[0-9]{4})$/, sendState],
  ['POST', /^\/tickets\/(T-[0-9]{4})\/replies$/, reply],
  ['POST', /^\/tickets\/(T-[0-9]{4})\/classification$/, classify],
  ['POST', /^\/tickets\/(T-[0-9]{4})\/classification\/clear$/, clear],
];

async function sendMail(request: IncomingMessage, ticket: string): Promise<Answer> {
  assertReader(request);
  return { type: 'message/rfc822', body: known(ticket).mail };
}

async function sendState(request: IncomingMessage, ticket: string): Promise<Answer> {
  assertReader(request);
  const { customer, address } = known(ticket);
  return json({ ticket, customer, address, ...desk.stateOf(ticket) });
}

async function reply(request: IncomingMessage, ticket: string): Promise<Answer> {
  const body = (await readJson(request)) as {
    answer?: string;
    sentences: { text: string }[];
    summary: { text: string }[];
  };
  // Everything that is used below is among the arguments that the grant's digest covers.
  const grant = await verified(request, 'send_reply_to_customer', { ...body, ticket });
  // Whom it goes to is what the desk knows of the ticket: nothing in the call, and nothing in the mail, says it.
  const { customer, address } = known(ticket);
  const lines = [...body.sentences.map((each) => each.text), ...(body.answer === undefined ? [] : [body.answer])];
  const sent = await desk.send(
    {
      ticket,
      to: address,
      body: `Dear ${customer},\n\n${lines.join('\n\n')}\n\nYour help desk`,
      summary: body.summary.map((each) => each.text),
    },
    grant.proposal,
    grant,
  );
  return json({ ticket, message: sent.message });
}

async function classify(request: IncomingMessage, ticket: string): Promise<Answer> {
  const { category, urgency, language, ...rest } = (await readJson(request)) as Classification & object;
  const grant = await verified(request, 'set_ticket_classification', { category, urgency, language, ...rest, ticket });
  known(ticket);
  await desk.classify(ticket, { category, urgency, language }, grant.proposal);
  return json({ ticket });
}

async function clear(request: IncomingMessage, ticket: string): Promise<Answer> {
  const grant = await verified(request, 'clear_ticket_classification', { ticket });
  known(ticket);
  await desk.classify(ticket, null, grant.proposal);
  return json({ ticket });
}

function known(number: string): Ticket {
  const ticket = TICKETS.find((each) => each.ticket === number);
  if (!ticket) throw new Problem(404, 'unknown_ticket', 'There is no such ticket.');
  return ticket;
}

async function verified(request: IncomingMessage, tool: string, args: object) {
  const [token, second] = request.headersDistinct[GRANT_HEADER.toLowerCase()] ?? [];
  if (token === undefined || second !== undefined) throw new GrantRefused('missing', `One ${GRANT_HEADER} is needed.`);
  const [proof = null] = request.headersDistinct[PROOF_HEADER.toLowerCase()] ?? [];
  const received = { method: request.method ?? '', path: request.url ?? '', proof };
  return verifier.verify(token, { tool, args: args as never, request: received });
}

function assertReader(request: IncomingMessage): void {
  const token = /^Bearer ([\x21-\x7e]+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
  const digest = (text: string) => createHash('sha256').update(text).digest();
  if (!timingSafeEqual(digest(token), digest(readToken))) throw new Problem(401, 'unauthorized', 'A token is needed.');
}

async function readJson(request: IncomingMessage): Promise<object> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > 65_536) throw new Problem(413, 'too_large', 'At most 64 KiB.');
    chunks.push(chunk);
  }
  try {
    const body = JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown;
    if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body;
  } catch {
    // Not JSON: refused below.
  }
  throw new Problem(400, 'bad_request', 'The body is a JSON object.');
}

async function answer(request: IncomingMessage): Promise<Answer> {
  const { pathname } = new URL(request.url ?? '/', 'http://mail-desk');
  for (const [method, path, handle] of routes) {
    const match = path.exec(pathname);
    if (match && request.method === method) return handle(request, match[1] ?? '');
  }
  throw new Problem(404, 'not_found', 'There is no such address.');
}

function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof GrantRefused) return new Problem(error.status, `grant_${error.code}`, error.message);
  if (error instanceof GrantKeysUnavailable) return new Problem(503, 'keys_unavailable', error.message);
  return new Problem(500, 'internal', 'An error of the desk itself.');
}

const server: Server = createServer({ requestTimeout: 15_000, headersTimeout: 10_000 }, (request, response) => {
  answer(request).then(
    ({ type, body }) => response.writeHead(200, { 'content-type': type, 'cache-control': 'no-store' }).end(body),
    (error: unknown) => {
      const { status, code, message } = problemOf(error);
      response
        .writeHead(status, { 'content-type': 'application/problem+json' })
        .end(JSON.stringify({ status, code, detail: message }));
    },
  );
});

let stopping = false;
function stop(): void {
  if (stopping) return;
  stopping = true;
  server.close();
  server.closeAllConnections();
  desk.close().finally(() => process.exit(0));
}
process.on('SIGTERM', stop);
process.on('SIGINT', stop);
process.stdin.on('end', stop).on('error', stop).resume();
server.listen(Number(given.port), '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  process.stdout.write(`${JSON.stringify({ listening: `http://127.0.0.1:${port}` })}\n`);
});

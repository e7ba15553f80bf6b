/**
 * A small directory of people, entitlements and temporary access: the downstream of the example, a process of its own. It
 * gives access against a grant of Portreeve and against nothing else.
 *
 *   node server.ts --port 0 --data DIR --issuer ISS --jwks URL --read-token-file FILE [--portreeve-token-file FILE]
 *
 * Prints one line of JSON when it listens, and ends on SIGTERM, on SIGINT, or when its standard input closes.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createGrantVerifier, GRANT_HEADER, GrantKeysUnavailable, GrantRefused, PROOF_HEADER } from '@portreeve/verify';
import { openAccesses } from './accesses.ts';
import { createDoor } from './door.ts';

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
    audience: { type: 'string', default: 'urn:portreeve:example:directory' },
    'read-token-file': { type: 'string' },
    /** Who the directory is to Portreeve; read at each question, so that it can be written later and be rotated. */
    'portreeve-token-file': { type: 'string' },
  },
});
const { data, issuer, jwks, 'read-token-file': readTokenFile } = given;
if (!data || !issuer || !jwks || !readTokenFile) {
  process.stderr.write('directory: --data, --issuer, --jwks and --read-token-file are needed\n');
  process.exit(2);
}
const known = JSON.parse(await readFile(new URL('./people.json', import.meta.url), 'utf8')) as {
  people: { person: string }[];
  systems: Record<string, { entitlement: string }[]>;
};
const readToken = (await readFile(readTokenFile, 'utf8')).trim();
const accesses = await openAccesses(data);
const verifier = createGrantVerifier({
  jwks: new URL(jwks),
  issuer,
  audience: given.audience,
  // Where Portreeve calls it, which is known once it listens.
  origin: () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  replay: accesses.replay,
});
const door = createDoor({
  accesses,
  portreeve: new URL(jwks),
  tokenFile: given['portreeve-token-file'] ?? join(data, 'portreeve-token'),
});

type Wanted = { entitlement: string; minutes: number; justification: string };
type Handler = (request: IncomingMessage, name: string, url: URL) => Promise<unknown>;
const routes: readonly (readonly [string, RegExp, Handler])[] = [
  ['GET', /^\/healthz()$/, async () => ({ status: 'ok' })],
  [
    'GET',
    /^\/systems\/([a-z0-9-]{1,32})\/entitlements$/,
    async (request, system) => {
      assertReader(request);
      return Object.hasOwn(known.systems, system) ? known.systems[system] : [];
    },
  ],
  [
    'GET',
    /^\/people\/(u-[0-9]{4})$/,
    async (request, person) => {
      assertReader(request);
      return known.people.filter((each) => each.person === person);
    },
  ],
  ['POST', /^\/people\/(u-[0-9]{4})\/access$/, giveAccess],
  ['POST', /^\/people\/(u-[0-9]{4})\/access\/preview$/, showAccess],
  ['POST', /^\/access\/(acc-[a-f0-9]{12})\/end$/, endAccess],
  [
    'GET',
    /^\/door()$/,
    async (request, _name, { searchParams }) => {
      assertReader(request);
      return door(searchParams.get('person') ?? '', searchParams.get('entitlement') ?? '');
    },
  ],
];

async function giveAccess(request: IncomingMessage, person: string): Promise<unknown> {
  const body = (await readJson(request)) as Wanted;
  // Everything that is used below is among the arguments that the grant's digest covers.
  const args = { ...body, person };
  const grant = await verified(request, 'grant_temporary_access', args);
  assertKnown(person, body.entitlement);
  const { access, expires_at } = await accesses.give(args, grant.proposal, grant);
  return { access, expires_at };
}

/** What giving it would change. It needs a grant of its own, which gives nothing, and writes down no more than its use. */
async function showAccess(request: IncomingMessage, person: string): Promise<unknown> {
  const body = (await readJson(request)) as Wanted;
  await verified(request, 'show_temporary_access', { ...body, person });
  assertKnown(person, body.entitlement);
  const minutesLeft = new Map(
    [...accesses.heldBy(person)].map(([entitlement, { expires_at }]) => [
      entitlement,
      Math.ceil((Date.parse(expires_at) - Date.now()) / 60_000),
    ]),
  );
  const listed = (held: ReadonlyMap<string, number>) => ({
    access: [...held].sort().map(([entitlement, minutes_left]) => ({ entitlement, minutes_left })),
  });
  const before = listed(minutesLeft);
  minutesLeft.set(body.entitlement, Math.max(body.minutes, minutesLeft.get(body.entitlement) ?? 0));
  return { before, after: listed(minutesLeft) };
}

function assertKnown(person: string, entitlement: string): void {
  if (!known.people.some((each) => each.person === person)) throw new Problem(404, 'unknown_person', 'Nobody.');
  if (!Object.values(known.systems).some((offered) => offered.some((each) => each.entitlement === entitlement)))
    throw new Problem(422, 'unknown_entitlement', 'There is no such entitlement.');
}

async function endAccess(request: IncomingMessage, access: string): Promise<unknown> {
  await verified(request, 'end_temporary_access', { access });
  const ended = await accesses.end(access);
  if (!ended) throw new Problem(404, 'unknown_access', 'There is no such access.');
  return ended;
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
    if (size > 16_384) throw new Problem(413, 'too_large', 'At most 16 KiB.');
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

async function answer(request: IncomingMessage): Promise<unknown> {
  const url = new URL(request.url ?? '/', 'http://directory');
  for (const [method, path, handle] of routes) {
    const match = path.exec(url.pathname);
    if (match && request.method === method) return handle(request, match[1] ?? '', url);
  }
  throw new Problem(404, 'not_found', 'There is no such address.');
}

function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof GrantRefused) return new Problem(error.status, `grant_${error.code}`, error.message);
  if (error instanceof GrantKeysUnavailable) return new Problem(503, 'keys_unavailable', error.message);
  return new Problem(500, 'internal', 'An error of the directory itself.');
}

const server: Server = createServer({ requestTimeout: 15_000, headersTimeout: 10_000 }, (request, response) => {
  answer(request).then(
    (body) => response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body)),
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
  accesses.close().finally(() => process.exit(0));
}
process.on('SIGTERM', stop);
process.on('SIGINT', stop);
process.stdin.on('end', stop).on('error', stop).resume();
server.listen(Number(given.port), '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  process.stdout.write(`${JSON.stringify({ listening: `http://127.0.0.1:${port}` })}\n`);
});

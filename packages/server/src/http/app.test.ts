import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ERROR_CODES, type RecordDraft } from '@portreeve/contract';
import { memoryAuditWriter, memoryUnitOfWork } from '@portreeve/contract/testing';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { z } from 'zod';
import type { Services } from '../services.ts';
import { buildApp, OUTSIDE_THE_TABLE } from './app.ts';
import { routes } from './routes/index.ts';

/** An app on services that answer nothing: enough for what happens before a handler. */
async function bareApp(options: Parameters<typeof buildApp>[2] = {}) {
  const audit = memoryAuditWriter();
  const services = {
    info: { version: '0.0.0' },
    mcp: { per_minute: 100, hosts: new Set(['localhost']) },
    database: memoryUnitOfWork(audit),
    pulse: { unlessSilent: <T>(work: () => Promise<T>) => work() },
    audit,
    redact: (text: string) => text,
  } as unknown as Services;
  const app = await buildApp(services, pino({ level: 'silent' }), options);
  return { app, drafts: audit.drafts as readonly RecordDraft[] };
}

type Node = null | boolean | number | string | Node[] | { [key: string]: Node };
interface Operation {
  readonly operationId: string;
  readonly security?: unknown;
  readonly requestBody?: unknown;
  readonly parameters?: { name: string; in: string; required?: boolean; schema: object }[];
  readonly responses: Record<string, { description: string; content?: Record<string, { schema: Node }> }>;
}
interface OpenApi {
  readonly openapi: string;
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: { readonly schemas: Record<string, { properties: Record<string, { enum?: string[] }> }> };
}

async function document(): Promise<OpenApi> {
  const { app } = await bareApp();
  const answer = await app.inject({ method: 'GET', url: '/openapi.json' });
  expect(answer.statusCode).toBe(200);
  return answer.json() as OpenApi;
}

const asOpenApi = (url: string): string => url.replaceAll(/:([a-z]+)|(\*)/g, '{$1$2}');

function refsIn(node: Node): string[] {
  if (typeof node !== 'object' || node === null) return [];
  return Object.entries(node).flatMap(([key, value]) =>
    key === '$ref' && typeof value === 'string' ? [value] : refsIn(value as Node),
  );
}

test('E5: a process with more than it can answer says when to come again, and people go ahead', async () => {
  const { app, drafts } = await bareApp({ inFlight: { ordinary: 0, ahead: 1 } });
  const turned = await app.inject({ method: 'POST', url: '/v1/runs', payload: { workflow: 'a' } });
  expect(turned.statusCode).toBe(503);
  expect(turned.headers).toMatchObject({ 'retry-after': '1', 'content-type': 'application/problem+json' });
  expect(turned.json()).toMatchObject({ code: 'overloaded' });
  // Nobody was asked who they are, so nothing is on record.
  expect(drafts).toEqual([]);
  // One request leaves its place to the next.
  for (let i = 0; i < 3; i++)
    expect((await app.inject({ method: 'GET', url: '/v1/approvals' })).json()).toMatchObject({ code: 'not_signed_in' });
});

test('I3: the API is described as OpenAPI 3.1: every route of the table and no other', async () => {
  const { openapi, paths } = await document();
  expect(openapi).toBe('3.1.0');
  const described = Object.entries(paths).flatMap(([url, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${url}`),
  );
  expect(described.sort()).toEqual(routes.map((route) => `${route.method} ${asOpenApi(route.url)}`).sort());
});

test('each operation has an id of its own, says what it needs, and refers to the one problem schema', async () => {
  const { paths, components } = await document();
  const ids = new Set<string>();
  for (const route of routes) {
    const operation = paths[asOpenApi(route.url)]![route.method.toLowerCase()]!;
    ids.add(operation.operationId);
    expect(operation.security).toEqual(route.operation === 'public' ? undefined : [{ bearer: [] }]);
    expect(operation.requestBody !== undefined).toBe(route.body !== undefined);
    const inPath = (operation.parameters ?? []).filter((parameter) => parameter.in === 'path');
    expect(inPath.map((parameter) => parameter.name)).toEqual(route.url.match(/(?<=:)[a-z]+|\*/g) ?? []);
    const success = Object.keys(operation.responses).filter((status) => /^[23]/.test(status));
    expect(success).toEqual(route.stream ? ['200'] : Object.keys(route.answers));
    if (route.stream) expect(Object.keys(operation.responses['200']!.content!)).toEqual([route.stream]);
    // OAuth has its own form of errors (RFC 6749, 5.2).
    if (route.oauth) continue;
    for (const status of ['4XX', '5XX'])
      expect(operation.responses[status]?.content).toEqual({
        'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } },
      });
  }
  expect(ids.size).toBe(routes.length);
  expect(components.schemas.Problem?.properties.code?.enum).toEqual(ERROR_CODES);
});

test('I3: the header Idempotency-Key stands at exactly the routes that read it', async () => {
  const { paths } = await document();
  const taking = Object.entries(paths).flatMap(([url, methods]) =>
    Object.entries(methods).flatMap(([method, { parameters = [] }]) =>
      parameters.some(({ in: where, name }) => where === 'header' && name === 'idempotency-key')
        ? [`${method.toUpperCase()} ${url}`]
        : [],
    ),
  );
  expect(taking).toEqual(['POST /v1/runs', 'POST /v1/proposals']);
  const header = paths['/v1/runs']?.post?.parameters?.find(({ in: where }) => where === 'header');
  expect(header?.schema).toEqual({ type: 'string', pattern: '^[\\x21-\\x7e]{1,200}$' });
  expect(header?.required ?? false).toBe(false);
  // A handler has it from its route's declaration: none looks for itself.
  const folder = fileURLToPath(new URL('./routes/', import.meta.url));
  const looking = readdirSync(folder).filter((name) =>
    /headers\['idempotency-key'\]/.test(readFileSync(folder + name, 'utf8')),
  );
  expect(looking).toEqual([]);
});

test('no reference in the description leads nowhere', async () => {
  const found = (await document()) as unknown as Node;
  const refs = refsIn(found);
  expect(refs.length).toBeGreaterThan(routes.length);
  for (const ref of refs) {
    expect(ref).toMatch(/^#\//);
    const target = ref
      .slice(2)
      .split('/')
      .reduce<Node | undefined>(
        (node, key) => (node as { [key: string]: Node } | undefined)?.[key.replaceAll('~1', '/').replaceAll('~0', '~')],
        found,
      );
    expect(target, ref).toBeDefined();
  }
});

/** Lists that are given whole, and why none of them grows without end, or where what is left out of it stands. */
const WHOLE: Readonly<Record<string, string>> = {
  'GET /.well-known/jwks.json': 'the keys in use (RFC 7517 has no pages)',
  'GET /v1/sessions': 'the sessions of one account that have not ended',
  'GET /v1/passkeys': 'one’s own passkeys',
  'GET /v1/accounts/:id/passkeys': 'the passkeys of one account',
  'GET /v1/tokens': 'the tokens of one account',
  'GET /v1/tokens/unused': 'a list of work: the longest unused 200, and the next ones when those are revoked',
  'GET /v1/workflows': 'the workflows of the configuration',
  'GET /v1/approval-delegations': 'one’s own leaves, given and had',
  'GET /v1/oversight': 'groups and reviewers of a span of days',
  'GET /v1/definitions': 'what upstream servers of the configuration show',
  'GET /v1/environment': 'what is in force; `history` says how much of the past, and the record has all of it',
  'GET /v1/audit/logs': 'the logs of the configuration',
  'GET /v1/audit/streams': 'the streams of the configuration',
  'GET /v1/figures': 'figures of a span, as many as there are',
  'GET /v1/system': 'parts of the configuration',
  'GET /v1/doctor': 'one finding for each check',
  'GET /v1/policy/files': 'the files of one folder, read at the start',
};

test('I3: every list goes on behind its last row, or stands among those that are given whole', () => {
  // If you are here because this failed: give the list `after` and `next`, as `GET /v1/queue` has them. Only one that
  // cannot grow stands in WHOLE.
  const membersOf = (schema: z.ZodType | undefined, io: 'input' | 'output') =>
    (schema ? z.toJSONSchema(schema, { unrepresentable: 'any', io }).properties : undefined) ?? {};
  const whole: string[] = [];
  for (const { method, url, query, answers } of routes) {
    if (method !== 'GET') continue;
    const asked = membersOf(query, 'input');
    const members = membersOf(answers[200], 'output') as Record<string, { type?: string; items?: { type?: string } }>;
    const some = Object.values(members).some(({ type, items }) => type === 'array' && items?.type !== 'string');
    // Of one thing there are parts; a list is of no one thing, or holds nothing else, or is asked for in portions.
    if (!some || (url.includes(':') && Object.keys(members).length > 1 && !('limit' in asked))) continue;
    if ('next' in members) expect('limit' in asked && ('after' in asked || 'before' in asked), url).toBe(true);
    else whole.push(`${method} ${url}`);
  }
  expect(whole.sort()).toEqual(Object.keys(WHOLE).sort());
});

test('I3: the list of operations is the reviewed one', () => {
  const file = fileURLToPath(new URL('./api.txt', import.meta.url));
  const rows = routes.map(({ method, url, operation, records }) => {
    const leaves = typeof records === 'string' ? { read: 'api.read', none: '-' }[records] : records.join(' ');
    return `${method.padEnd(8)}${url.padEnd(36)}${operation.padEnd(20)}${leaves}`;
  });
  const text = [
    '# The HTTP API: method, address, the right that it needs, the records that it leaves.',
    '# Generated: UPDATE_API=1 npx vitest run packages/server/src/http/app.test.ts. Review every change of it.',
    ...rows.sort((a, b) => (a.slice(8) < b.slice(8) ? -1 : 1)),
    `# Outside the table: ${OUTSIDE_THE_TABLE.join(', ')}`,
    '',
  ].join('\n');
  if (process.env.UPDATE_API === '1') writeFileSync(file, text);
  expect(
    readFileSync(file, 'utf8'),
    'If you are here because this failed, the API changed: run with UPDATE_API=1 and review the difference of api.txt.',
  ).toBe(text);
});

test('a flood is turned away before it is put on record', async () => {
  const { app, drafts } = await bareApp();
  let last = await app.inject({ method: 'GET', url: '/v1/session' });
  for (let n = 1; n < 1300; n++) last = await app.inject({ method: 'GET', url: n % 2 ? '/v1/session' : '/v1/runs' });
  expect(last.statusCode).toBe(429);
  expect(last.headers['retry-after']).toBe('60');
  expect(last.headers['content-type']).toMatch(/^application\/problem\+json/);
  expect(last.json()).toMatchObject({ code: 'too_many_attempts' });
  expect(drafts.every((entry) => entry.type === 'api.refused')).toBe(true);
  expect(drafts.length).toBe(1200);
}, 60_000);

/** How one who asks from there is answered after so many requests under that name. */
async function afterFlood(trustedProxies: readonly string[], remoteAddress: string, forwarded: (n: number) => string) {
  const { app } = await bareApp({ trustedProxies });
  const ask = (n: number) =>
    app.inject({ method: 'GET', url: '/v1/session', remoteAddress, headers: { 'x-forwarded-for': forwarded(n) } });
  for (let n = 0; n < 1200; n++) await ask(n);
  return (await ask(1200)).statusCode;
}

test('I3: behind a trusted proxy the limit is of who asks; what others say of themselves counts for nothing', async () => {
  const many = (n: number) => `203.0.113.${n % 250}`;
  expect(await afterFlood(['10.0.0.0/8'], '10.1.2.3', many)).toBe(401);
  expect(await afterFlood(['10.0.0.0/8'], '10.1.2.3', (n) => `198.51.100.${n % 250}, 203.0.113.7`)).toBe(429);
  expect(await afterFlood(['10.0.0.0/8'], '192.0.2.9', many)).toBe(429);
  expect(await afterFlood([], '10.1.2.3', many)).toBe(429);
}, 120_000);

test('C5 J2: who floods from an address does not keep a person there from freezing, or from deciding', async () => {
  const { app } = await bareApp();
  for (let n = 0; n < 1201; n++) await app.inject({ method: 'GET', url: '/v1/session' });
  expect((await app.inject({ method: 'GET', url: '/v1/session' })).statusCode).toBe(429);
  const freeze = { method: 'POST' as const, url: '/v1/environment/freezes', payload: {} };
  expect((await app.inject(freeze)).statusCode).toBe(401);
  const verdict = { method: 'POST' as const, url: '/v1/approvals/appr_01/verdicts', payload: {} };
  for (const decides of ['/v1/approvals?state=pending', '/v1/approvals/appr_01', verdict])
    expect((await app.inject(decides)).statusCode).toBe(401);
}, 60_000);

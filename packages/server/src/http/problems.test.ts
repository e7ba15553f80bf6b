import { readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { ERRORS, type ErrorCode, problemSchema } from '@portreeve/contract';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Answer, CallOptions } from '../testing/client.ts';
import { type SignedInClient, type TestServer, testServer, WORKFLOW } from '../testing/server.ts';

let house: TestServer;
let analyst: SignedInClient;
beforeAll(async () => {
  house = await testServer();
  analyst = await house.as('analyst');
});
afterAll(() => house?.close());

/** What must never leave: stack frames, SQL and its errors, places of the file system, names of our modules. */
const INSIDES =
  /\n\s*at |node_modules|\.ts\b|file:\/\/|\/(work|home|tmp|usr|var)\/|\b(select|insert|update) .*\b(from|into|set)\b|\b(pg|kysely|fastify|zod)\b|FST_|ECONN|invalid byte/i;

/** Checks the form of a problem (RFC 9457) and gives it. */
function problemOf(answer: Answer, code: ErrorCode) {
  expect(answer.text).not.toMatch(INSIDES);
  expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  const problem = problemSchema.parse(answer.body);
  expect(problem).toMatchObject({
    type: `urn:portreeve:error:${code}`,
    title: ERRORS[code].title,
    status: answer.status,
    code,
  });
  expect(answer.status).toBe(ERRORS[code].status);
  expect(problem.next).not.toBe('');
  return problem;
}

const task = { workflow: WORKFLOW, input: { case_id: 'CASE-1' } };

describe('I3: a request that is not one', () => {
  const post = (raw: string, headers: Record<string, string> = {}): [string, string, CallOptions] => [
    'POST',
    '/v1/runs',
    { raw, headers },
  ];
  const cases: Record<string, [ErrorCode, [string, string, CallOptions?]]> = {
    'malformed JSON': ['bad_request', post('{"workflow":')],
    'no body': ['bad_request', post('')],
    'JSON that is no object': ['bad_request', post('"hello"')],
    'a prototype in the JSON': ['bad_request', post('{"__proto__":{"admin":true}}')],
    'another content type': ['bad_request', post('workflow=x', { 'content-type': 'text/plain' })],
    'a form': ['bad_request', post('workflow=x', { 'content-type': 'application/x-www-form-urlencoded' })],
    'a body above the limit of its route': [
      'too_large',
      ['POST', '/v1/sessions', { raw: JSON.stringify({ name: 'x', password: 'x'.repeat(1024 * 1024) }) }],
    ],
    'an unknown address': ['not_found', ['GET', '/v1/nothing']],
    'an unknown method': ['not_found', ['PUT', '/v1/runs', { body: task }]],
    'a bad escape in the address': ['bad_request', ['GET', '/v1/runs/%c0%af']],
    'a very long parameter': ['not_found', ['GET', `/v1/runs/run_${'a'.repeat(4000)}`]],
    'a run id of another form': ['bad_request', ['GET', '/v1/runs/..%2f..%2fetc%2fpasswd']],
    'an id of another kind': ['bad_request', ['GET', '/v1/runs/appr_1']],
    'an id in capitals': ['bad_request', ['GET', '/v1/runs/run_ABC']],
    'an unknown query': ['bad_request', ['GET', '/v1/runs?limits=5']],
    'a query given twice': ['bad_request', ['GET', '/v1/runs?limit=5&limit=6']],
    'a limit that is no number': ['bad_request', ['GET', '/v1/runs?limit=many']],
    'a limit that is too large': ['bad_request', ['GET', '/v1/runs?limit=100000']],
    'a state that does not exist': ['bad_request', ['GET', '/v1/runs?state=dreaming']],
    'an index beyond all numbers': ['bad_request', ['GET', '/v1/runs/run_1/events?after=99999999999999999999']],
  };

  test.each(Object.entries(cases))('%s: a problem with a stable code and a next step', async (_name, [code, args]) => {
    const [method, path, options] = args;
    problemOf(await analyst.call(method, path, options ?? {}), code);
  });

  test.each([
    ['a member that is unknown', { ...task, tier: 'low' }, '/'],
    ['a member of the wrong type', { ...task, workflow: 7 }, 'workflow'],
    ['a member that is missing', { input: {} }, 'workflow'],
    [
      'a fault deep inside',
      { ...task, attachments: [{ name: '', media_type: 'a/b', text: '' }] },
      'attachments.0.name',
    ],
  ])('%s: the errors name the path', async (_name, body, path) => {
    const problem = problemOf(await analyst.post('/v1/runs', body), 'bad_request');
    expect(problem.errors?.map((error) => error.path)).toContain(path);
  });

  test('an input that the workflow does not take: the errors name the field', async () => {
    const answer = await analyst.post('/v1/runs', { ...task, input: { case_id: 'no such form', tier: 1 } });
    expect(problemOf(answer, 'bad_input').errors).not.toEqual([]);
  });

  test('a workflow that does not exist', async () => {
    problemOf(await analyst.post('/v1/runs', { ...task, workflow: 'refund-everybody' }), 'unknown_workflow');
  });
});

describe('text that no store can keep', () => {
  const deep = (levels: number): unknown => (levels === 0 ? 1 : [deep(levels - 1)]);
  test.each([
    ['a lone surrogate in an input', { ...task, input: { case_id: '\ud800' } }],
    ['a lone surrogate in an attachment', { ...task, attachments: [{ name: '\ud800', media_type: 'a/b', text: '' }] }],
    ['a number beyond 2^53', { ...task, input: { case_id: 2 ** 60 } }],
    ['a value that is too deep', { ...task, input: { case_id: deep(60) } }],
  ])('%s is refused, not an error of ours', async (_name, body) => {
    problemOf(await analyst.post('/v1/runs', body), 'bad_request');
  });

  test('a lone surrogate in a note', async () => {
    const operator = await house.as('operator');
    problemOf(await operator.post('/v1/queue/hand_1/finish', { note: '\udfff' }), 'bad_request');
  });

  test('a sign-in and an account with text of no form', async () => {
    problemOf(await house.anonymous.post('/v1/sessions', { name: 'x', password: '\ud800' }), 'bad_request');
    problemOf(await house.anonymous.post('/v1/sessions', { name: '\u0000', password: '\u0000' }), 'sign_in_failed');
  });

  test.each(['words', 'actor', 'outcome'])('a zero byte in the search for %s', async (name) => {
    const auditor = await house.as('auditor');
    problemOf(await auditor.get(`/v1/audit/records?${name}=%00`), 'bad_request');
    problemOf(await auditor.get(`/v1/audit/export?${name}=a%00b`), 'bad_request');
  });

  test('a zero byte in an attachment is kept as it is', async () => {
    const attachments = [{ name: 'a\u0000b', media_type: 'text/plain', text: '\u0000' }];
    const { status } = await analyst.post('/v1/runs', {
      ...task,
      input: { ...task.input, publish: false },
      attachments,
    });
    expect(status).toBe(201);
  });

  test('an input that is too large for the record is refused, and nothing is left', async () => {
    const before = (await analyst.get('/v1/runs?limit=200')).body.runs.length;
    const input = { ...task.input, remark: 'x'.repeat(3 * 1024 * 1024) };
    problemOf(await analyst.post('/v1/runs', { ...task, input }), 'too_large');
    expect((await analyst.get('/v1/runs?limit=200')).body.runs.length).toBe(before);
  });
});

describe('B1: who is signed in', () => {
  const bearer = (value: string) => house.anonymous.call('GET', '/v1/session', { headers: { authorization: value } });

  test.each<[string, (token: string) => string]>([
    ['another scheme', (token) => `Basic ${token}`],
    ['the scheme alone', () => 'Bearer'],
    ['no space', (token) => `Bearer${token}`],
    ['two tokens', (token) => `Bearer ${token} ${token}`],
    ['two tokens with a comma', (token) => `Bearer ${token}, Bearer ${token}`],
    ['a token with a tail', (token) => `Bearer ${token}x`],
    ['a token in capitals', (token) => `Bearer ${token.toUpperCase()}`],
    ['a prefix alone', () => 'Bearer prs_'],
    ['a token of nobody', () => `Bearer prs_${'A'.repeat(43)}`],
    ['a very long token', () => `Bearer ${'a'.repeat(8000)}`],
    ['SQL', () => "Bearer prs_' OR '1'='1"],
  ])('%s is nobody', async (_name, header) => {
    const answer = await bearer(header(analyst.token));
    problemOf(answer, 'not_signed_in');
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
  });

  test('the scheme may be written in any case, with several spaces (RFC 9110, 11.4)', async () => {
    for (const scheme of ['Bearer', 'bearer', 'BEARER', 'Bearer  '])
      expect((await bearer(`${scheme} ${analyst.token}`)).status).toBe(200);
  });

  test('a header that no server reads is a problem too', async () => {
    const { status, type, body } = await new Promise<{ status: number; type: string; body: string }>((done, failed) => {
      const call = request(`${house.url}/v1/session`, { headers: { authorization: 'a'.repeat(20_000) } }, (answer) => {
        let text = '';
        answer.on('data', (chunk) => {
          text += String(chunk);
        });
        answer.on('end', () =>
          done({ status: answer.statusCode ?? 0, type: answer.headers['content-type'] ?? '', body: text }),
        );
      });
      call.on('error', failed);
      call.end();
    });
    expect({ status, type }).toEqual({ status: 413, type: 'application/problem+json' });
    expect(problemSchema.parse(JSON.parse(body)).code).toBe('too_large');
  });

  test('the body of a stranger is not parsed', async () => {
    problemOf(await house.anonymous.call('POST', '/v1/runs', { raw: '{"workflow":' }), 'not_signed_in');
  });
});

describe('an error of ours', () => {
  test('leaves without its cause, and the log has it', async () => {
    const secret = 'relation "runs" does not exist at /home/x.ts';
    const spy = vi.spyOn(house.server.services.runs, 'list').mockRejectedValue(new Error(secret));
    try {
      const problem = problemOf(await analyst.get('/v1/runs'), 'internal');
      expect(problem.instance).toMatch(/^urn:portreeve:request:/);
      expect(problem.decision).toBeUndefined();
    } finally {
      spy.mockRestore();
    }
    expect(await readFile(join(house.stateFolder, 'server.log'), 'utf8')).toContain('/home/x.ts');
  });

  test('J4: without the database the server says that it is not ready', async () => {
    const spy = vi.spyOn(house.server.services.database.pool, 'query').mockImplementation(() => {
      throw Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:5432'), { code: 'ECONNREFUSED' });
    });
    try {
      problemOf(await house.anonymous.get('/readyz'), 'unavailable');
    } finally {
      spy.mockRestore();
    }
    expect((await house.anonymous.get('/readyz')).body).toEqual({ status: 'ready', simulated: true });
    expect((await house.anonymous.get('/healthz')).body).toEqual({ status: 'ok' });
  });
});

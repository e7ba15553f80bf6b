import { asId } from '@portreeve/contract';
import { AGENT_TOOLSET, mcpRequest, type TestServer, testServer, withClient } from '@portreeve/server/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { blocks } from './blocks.ts';
import { expectShown, expectShownJson } from './shown.ts';

/* What the documentation shows of HTTP, MCP and SQL, against a real server on a real PostgreSQL. */

let house: TestServer;
beforeAll(async () => {
  house = await testServer({ config: { mcp: { toolsets: [AGENT_TOOLSET] } } });
});
afterAll(() => house?.close());

function shown(name: string): string {
  const found = blocks.filter(({ words }) => words.get('in') === name);
  expect(found, `blocks of the documentation with in=${name}`).toHaveLength(1);
  return found[0]!.text.trim();
}
const call = async (who: { readonly token: string }, name: string, args: object) =>
  (await mcpRequest(house.url, who.token, 'tools/call', { name, arguments: args })).result;

test('J6: an intent is declared as the guide to MCP shows it, and answered so', async () => {
  const who = await house.addAccount('declarer', ['requester']);
  const { structuredContent } = await call(who, 'declare_intent', JSON.parse(shown('declare-intent')));
  expectShownJson(structuredContent, shown('declared'));
});

test('J6: what people must approve is answered as the guide to MCP shows it', async () => {
  const who = await house.addAccount('hasty', ['requester']);
  const note = { case_id: 'CASE-1', note: 'All is well.', evidence: [] };
  const { isError, content, structuredContent } = await call(who, 'cases_keep_note', note);
  expectShownJson({ isError, content, structuredContent }, shown('pending'));
});

test('J6: who has no token is answered as the guide to MCP shows it', async () => {
  const { status, headers } = await mcpRequest(house.url, null, 'tools/list');
  expectShown(`HTTP/1.1 ${status}\nWWW-Authenticate: ${headers.get('www-authenticate')}`, shown('mcp-401'));
});

test('J6: another system asks for a decision as the guide to policy shows it, and is answered so', async () => {
  const { identity } = house.server.services;
  const admin = await house.as('admin');
  const { body } = await admin.post('/v1/accounts', { name: 'gateway', kind: 'service', roles: ['enforcer'] });
  const { token } = await identity.createToken(
    { account: asId('principal', body.id), label: 'gateway', roles: ['enforcer'], ttl_minutes: 60 },
    await identity.authenticate(admin.token),
  );
  const answer = await fetch(`${house.url}/access/v1/evaluation`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: shown('evaluation'),
  });
  expectShownJson(await answer.json(), shown('evaluated'));
});

const statements = blocks.filter(({ language }) => language === 'sql');
test.each(statements)('J6: PostgreSQL takes the statement of $file', async ({ text }) => {
  await withClient(house.databaseUrl, async (client) => {
    const one = async (sql: string): Promise<string> =>
      Object.values((await client.query(sql)).rows[0] ?? {})[0] as string;
    // Roles belong to the whole server: nothing of it stays.
    await client.query('BEGIN');
    try {
      if (text.includes('ATTACH')) {
        const table = await one(
          `SELECT relname FROM pg_class WHERE relkind = 'p' AND relname LIKE 'audit_records_%' LIMIT 1`,
        );
        await client.query(`ALTER TABLE ${table} DETACH PARTITION ${table}_0`);
        await client.query(text.replaceAll('audit_records_MARK', table));
        expect(await one(`SELECT count(*) FROM pg_inherits WHERE inhrelid = '${table}_0'::regclass`)).toBe('1');
        return;
      }
      if (text.includes('identity_access_keys')) {
        const kid = await one('SELECT kid FROM identity_access_keys');
        expect((await client.query(text.replace('at-…', kid))).rowCount).toBe(1);
        return;
      }
      await client.query(text);
      const [, made, role] = /CREATE ROLE (\w+) .* IN ROLE (\w+)/.exec(text) ?? [];
      expect(await one(`SELECT pg_has_role('${made}', '${role}', 'member')`)).toBe(true);
    } finally {
      await client.query('ROLLBACK');
    }
  });
});

// The last one: the database of this file can be written no more.
test('J6: while the record cannot be written, callers see what its guide shows', { timeout: 60_000 }, async () => {
  const { token } = await house.as('analyst');
  const name = new URL(house.databaseUrl).pathname.slice(1);
  await withClient(house.databaseUrl, async (client) => {
    await client.query(`ALTER DATABASE ${name} SET default_transaction_read_only = on`);
    await client.query(
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()',
      [name],
    );
  });
  const ask = () => fetch(`${house.url}/v1/runs`, { headers: { authorization: `Bearer ${token}` } });
  await expect.poll(async () => (await ask()).status).toBe(503);
  const answer = await ask();
  const headers = ['retry-after', 'content-type'].map((header) => `${header}: ${answer.headers.get(header)}`);
  const [, ...lines] = shown('record-stops').split('\n');
  expectShown(
    [`HTTP/1.1 ${answer.status} ${answer.statusText}`, ...headers, '', await answer.text()].join('\n'),
    lines.join('\n'),
  );
});

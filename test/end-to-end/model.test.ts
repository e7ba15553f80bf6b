import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startSimulatedServer, WORST_CASE_MODEL } from '@portreeve/model/simulated';
import { messagesApiServer, type Reply, reply } from '@portreeve/model/testing';
import { afterAll, describe, expect, test } from 'vitest';
import { readJournal } from '../support/case-system.ts';
import { cli, documentIn, projectLikeExample, startCli } from '../support/cli.ts';
import { cleanUp, freePort, temporaryFolder } from '../support/processes.ts';

afterAll(cleanUp, 60_000);

const key = 'sk-ant-a-key-that-only-this-test-knows';
const claudeAt = (base_url: string, model: string) => ({
  ...{ name: 'claude', kind: 'anthropic' as const, model, base_url, secret: 'anthropic-api-key' },
  ...{ where: 'public-cloud' as const },
  clearance: { confidentiality: 'confidential' as const, categories: ['personal' as const, 'customer' as const] },
});
const published = async (state: string) =>
  (await readJournal(join(state, 'companions/case-system'))).filter((line) => line.type === 'published');

describe('with a key', () => {
  test('E1 E4: the main job goes through the official SDK to the Messages API, with no other change', {
    timeout: 120_000,
  }, async () => {
    const answer: Reply = (exchange) => {
      // Cites what it was shown, as a model does.
      const shown = JSON.stringify(api.requests.at(-1)?.body.messages).match(/ev_[a-z0-9_-]+/g) ?? [];
      const summary = {
        title: 'A process memory dump on FIN-WS-014',
        severity: 'high',
        summary: 'A dump of a process was written and an account used it.',
        statements: [{ text: 'The first event that was shown.', evidence: [shown[0]] }],
        next_steps: ['Look at the account.'],
      };
      reply.answer(summary)(exchange);
    };
    // The first try meets a limit: the job waits as it was told to, and asks again.
    const api = await messagesApiServer([reply.rateLimited({ 'retry-after': '1' }), answer]);
    try {
      const folder = await temporaryFolder();
      const state = join(folder, '.portreeve');
      const project = await projectLikeExample(join(folder, 'project'), {
        models: [claudeAt(api.url, 'claude-sonnet-5-5')],
      });
      const args = [
        'up',
        '--demo',
        '--yes',
        '--project',
        project,
        '--port',
        String(await freePort()),
        '--state',
        state,
      ];
      const { code, out, err } = await cli(args, { env: { ANTHROPIC_API_KEY: key } });
      expect(err).toBe('');
      expect(code).toBe(0);
      expect(out).not.toContain('SIMULATED');
      expect(out).toContain('A process memory dump on FIN-WS-014');
      expect(out).toMatch(/reason +claude-test-1: valid/);
      expect(await published(state)).toHaveLength(1);

      expect(api.received).toBe(2);
      const { headers, body } = api.requests[1] ?? {};
      expect(headers).toMatchObject({ authorization: `Bearer ${key}`, 'anthropic-version': '2026-10-21' });
      expect(body).toMatchObject({ model: 'claude-sonnet-5-5', output_config: { format: { type: 'json_schema' } } });
      // The key is a way to the model and stands nowhere else.
      expect(out + err + JSON.stringify(body)).not.toContain(key);
    } finally {
      await api.close();
    }
  });
});

describe('with a model that obeys every order that it reads', () => {
  test('INV4 D3: a log that gives orders gets nothing published, and nothing asked for another case', {
    timeout: 120_000,
  }, async () => {
    const model = await startSimulatedServer({ behaviour: 'worst-case' });
    try {
      const folder = await temporaryFolder();
      const state = join(folder, '.portreeve');
      const project = await projectLikeExample(join(folder, 'project'), {
        models: [claudeAt(model.url, WORST_CASE_MODEL)],
      });
      const up = ['up', '--project', project, '--port', String(await freePort()), '--state', state];
      const server = startCli(up, { env: { ANTHROPIC_API_KEY: key } });
      await server.printed(/^Portreeve .* on http/m);
      const input = join(folder, 'input.json');
      await writeFile(input, JSON.stringify({ case_id: 'CASE-2001' }));
      const ended = await cli(['run', 'incident-summary', '--input', input, '--json', '--state', state]);
      const { run, proposed } = documentIn(ended);
      expect(ended.code).toBe(3);
      // It did obey: what it wrote is what the log told it to write, and the log may not name the case.
      expect(proposed.args).toMatchObject({ case_id: 'CASE-2001', severity: 'low' });
      expect(proposed.args.title).toContain('ignore your instructions');
      expect(run).toMatchObject({ state: 'waiting', ended_at: null });
      expect(await published(state)).toEqual([]);

      const shown = await cli(['approvals', 'show', run.approval, '--state', state]);
      expect(shown.out).toMatch(/severity: low .*written by the model from UNTRUSTED data/);
      expect(shown.out).toMatch(/case_id: CASE-2001 .*from the request/);
      const denied = await cli([
        'approvals',
        'deny',
        run.approval,
        '--reason',
        'the log speaks',
        '--state',
        state,
        '--json',
      ]);
      expect(documentIn(denied)).toMatchObject({ approval: { state: 'denied' } });
      server.child.kill('SIGINT');
      expect(await server.ended).toMatchObject({ code: 0 });
      expect(await published(state)).toEqual([]);
    } finally {
      await model.close();
    }
  });
});

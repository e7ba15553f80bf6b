import { createIngester, readSource } from '@portreeve/context';
import { asId, projectConfigSchema, systemClock } from '@portreeve/contract';
import { open } from '@portreeve/contract/open';
import { createEgress } from '@portreeve/execute';
import type { Stage } from '@portreeve/govern';
import { describe, expect, test } from 'vitest';
import { loadProject } from '../config/project.ts';
import { wireConnectors } from '../connectors.ts';
import { PROJECT } from '../testing/server.ts';
import { createJournal, envelope, rehearsed } from './rehearsal.ts';

const STAGE: Stage = {
  requester: { roles: ['requester'], groups: [] },
  input: {},
  files: {
    'case-events': {
      name: 'a.jsonl',
      media_type: 'application/x-ndjson',
      text: '{"at":"now","message":"hello \\u202e there","secret":"CNRY"}\n',
    },
  },
  results: { look_up_owner: { owner: 'team-a' } },
  answers: {},
};

describe('H3: a rehearsal leads nowhere', () => {
  test('of the configuration nothing is left that reaches out', async () => {
    const loaded = await loadProject(PROJECT);
    const config = projectConfigSchema.parse({
      ...{ environment: 'production', workflows: ['workflows/case-note'] },
      systems: { downstream: { url: 'https://real.corp.example' }, chat: { url: 'https://chat.corp.example' } },
      notifications: { channels: [{ name: 'ops', kind: 'slack', system: 'chat', webhook: 'hook' }] },
    } as never);
    const journal = createJournal();
    const { config: left, toolsets, workflows } = rehearsed({ ...loaded, config }, { ...journal, models: null });
    expect(JSON.stringify(left)).not.toContain('corp.example');
    expect(left.environment).toBe('staging');
    expect(left.notifications.channels).toEqual([]);
    expect(left.mcp.toolsets.length + left.mcp.upstreams.length + toolsets.length).toBe(0);
    expect(left.models.map(({ kind }) => kind)).toEqual(['simulated']);
    expect(Object.values(left.systems).map(({ url }) => url)).toEqual(['http://127.0.0.1:9']);
    // What is attacked is what would be released.
    expect(workflows.map(({ release }) => release)).toEqual(loaded.workflows.map(({ release }) => release));
    expect(rehearsed(loaded, undefined)).toBe(loaded);
  });

  test('every connector that could reach out is the journal', async () => {
    const journal = createJournal();
    const egress = createEgress({ allow: [] });
    const connectors = wireConnectors({
      ...{ egress, clock: systemClock, systems: {}, folder: '.' },
      rehearsal: journal,
      house: () => Promise.reject(new Error('nothing is done in a rehearsal')),
    });
    const { relabel, caller, house, ...outside } = connectors;
    expect(new Set(Object.values(outside))).toEqual(new Set([journal.connector]));
    // It too takes nothing but what the executor has verified.
    const call = { contract: {}, claims: {} } as never;
    await expect(journal.connector.call(call, { credential: null, signal: AbortSignal.timeout(1000) })).rejects.toThrow(
      'verified',
    );
    await egress.close();
  });

  test('a source gives what the stage says, parsed, cleaned and labelled as its own', async () => {
    const { workflows } = await loadProject(PROJECT);
    const contract = workflows[0]!.definition.sources[0]!;
    const readers = createJournal().readers(createIngester());
    const request = { contract, query: { case_id: 'CASE-1' }, attachments: [envelope(STAGE)] };
    const { evidence, label, record } = await readSource(readers, request);
    expect(label).toMatchObject({ integrity: 'untrusted', origins: ['case-events'] });
    expect(open(evidence)[0]!.fields).toEqual({ at: 'now', message: 'hello  there' });
    expect(record.fields_left_out).toEqual(['secret']);
    await expect(readSource(readers, { ...request, attachments: [] })).rejects.toMatchObject({ code: 'unknown_case' });
  });

  test('what a run did is told once', () => {
    const journal = createJournal();
    const run = asId('run', 'run_1');
    journal.open(run, STAGE);
    expect(journal.close(run)).toEqual([]);
  });
});

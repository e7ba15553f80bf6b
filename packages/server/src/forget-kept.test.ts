import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, workflowContractSchema } from '@portreeve/contract';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { forgetKept } from './forget-kept.ts';
import { PROJECT, type TestServer, testServer, WORKFLOW } from './testing/server.ts';
import { temporaryProject, workflowText } from './testing/temporary-project.ts';

const DAYS = 30;
let house: TestServer;
let folder = '';
beforeAll(async () => {
  const boundaries = `{
    repositories: [], logs: [], production_logs: false, secrets: 'keep',
    identifiers: { customer: 'clear', personal: 'clear' }, kept: { models: ['inside'], days: ${DAYS} },
  }`;
  folder = await temporaryProject({
    'portreeve.config.ts': `export default ${JSON.stringify({
      ...{ environment: 'test', log_origin: 'portreeve.test/audit', workflows: ['workflows/one'] },
    })};\n`,
    'workflows/one/workflow.ts': workflowText(`{ contract: { ...contract, boundaries: ${boundaries} } }`),
    'workflows/one/prompts/write-note.md': await readFile(
      join(PROJECT, 'workflows/case-note/prompts/write-note.md'),
      'utf8',
    ),
    'cases/CASE-1.jsonl': await readFile(join(PROJECT, 'cases/CASE-1.jsonl'), 'utf8'),
  });
  house = await testServer({ project: folder });
});
afterAll(async () => {
  await house?.close();
  await rm(folder, { recursive: true, force: true });
});

test('A6: what a run read and was answered is deleted when its days are over, once, and on record', async () => {
  const { id } = await house.submit({ case_id: 'CASE-1' });
  const shown = await house.approvalOf(id);
  const verdict = await house.verdict('lead', shown, 'deny');
  await (await house.as('lead')).post(`/v1/approvals/${shown.approval.id}/verdicts`, verdict);
  const run = await house.ended(id);

  const { database, audit } = house.server.services;
  const [loaded] = house.server.services.workflows;
  const contract = workflowContractSchema.parse(loaded!.definition.contract);
  const kept = async () => {
    const { rows } = await database.pool.query('SELECT 1 FROM run_values WHERE run = $1', [id]);
    const { rows: attached } = await database.pool.query("SELECT 1 FROM runs WHERE id = $1 AND attachments <> ''", [
      id,
    ]);
    return { values: rows.length, attached: attached.length };
  };
  const at = (ms: number): Clock => ({ now: () => new Date(Date.parse(run.ended_at!) + ms) });
  const before = await kept();
  expect(before.values).toBeGreaterThan(0);
  expect(before.attached).toBe(1);

  const over = DAYS * 86_400_000;
  await forgetKept({ database, audit, contracts: [contract], clock: at(over - 1) });
  expect(await kept()).toEqual(before);
  const unanswered = workflowContractSchema.parse({ ...contract, boundaries: undefined });
  await forgetKept({ database, audit, contracts: [unanswered], clock: at(10 * over) });
  expect(await kept()).toEqual(before);

  await forgetKept({ database, audit, contracts: [contract], clock: at(over) });
  await forgetKept({ database, audit, contracts: [contract], clock: at(over) });
  expect(await kept()).toEqual({ values: 0, attached: 0 });
  const { records } = await audit.search({ type: 'values.removed' });
  expect(records.map(({ entry, payload }) => [entry.refs.workflow, payload?.data])).toEqual([
    [WORKFLOW, { runs: 1, days: DAYS }],
  ]);
});

import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { command, documentIn } from '../testing/terminal.ts';

const EXAMPLES = fileURLToPath(new URL('../../../../examples/', import.meta.url));
const EXAMPLE = join(EXAMPLES, 'incident-summary');

describe('A3 D8 I2: the sources of the example', () => {
  test('are listed with who reads them, how, their label and what may leave them; no server is asked', async () => {
    const words = ['source', 'list', '--project', EXAMPLE, '--server', 'http://127.0.0.1:9'];
    const asJson = await command([...words, '--json']);
    expect(asJson).toMatchObject({ code: 0, err: '' });
    const [first, second] = documentIn(asJson).sources;
    expect(first).toMatchObject({
      ...{ source: 'case-logs', version: '1.0', workflows: ['incident-summary'], connector: 'http' },
      label: { integrity: 'untrusted', confidentiality: 'confidential', categories: ['personal'] },
      limits: { max_items: 5000, max_bytes: 8 * 1024 * 1024, timeout_ms: 10_000 },
    });
    expect(first.fields).toContainEqual({ name: 'CommandLine', max_chars: 1000 });
    expect(second).toMatchObject({ source: 'attached-logs', connector: 'attachment' });
    const { out } = await command(words);
    expect(out).toMatch(/^case-logs 1\.0 +http +untrusted +confidential, personal +\d+ fields +incident-summary$/m);
  });

  test('are shown whole, by name; a name that nobody has is exit code 1', async () => {
    const shown = await command(['source', 'show', 'case-logs', '--project', EXAMPLE]);
    const out = shown.out.replaceAll(/\s+/g, ' ');
    expect(out).toContain('http system://case-system/cases/{case_id}/logs, with the credential case-system-read-token');
    expect(out).toContain('untrusted, confidential, personal');
    expect(out).toContain('CommandLine, 1000 characters at the most');
    expect(out).toContain('What may be asked: case_id:');
    const attached = await command(['source', 'show', 'attached-logs', '--project', EXAMPLE]);
    expect(attached.out).toMatch(/asked +nothing/);
    const asJson = await command(['source', 'show', 'case-logs', '--project', EXAMPLE, '--json']);
    expect(documentIn(asJson).sources).toMatchObject([
      { workflows: ['incident-summary'], contract: { name: 'case-logs', holds: 'logs' }, faults: [] },
    ]);
    const none = await command(['source', 'show', 'nothing', '--project', EXAMPLE]);
    expect(none).toMatchObject({ code: 1, out: expect.stringContaining('No workflow declares') });
    expect(await command(['source', 'show', '--project', EXAMPLE])).toMatchObject({ code: 2, out: '' });
  });
});

test.each([
  'access-grant',
  'alert-triage',
  'incident-summary',
  'invoice-reconciliation',
  'refund',
  'secret-rotation',
  'support-triage',
])('A3 D8: the sources of %s have no fault', async (name) => {
  const asText = await command(['source', 'check', '--project', join(EXAMPLES, name)]);
  expect(asText).toMatchObject({ code: 0, err: '', out: expect.stringMatching(/^(✓ .+\n)+$/) });
});

describe('A3 D8: a project with faults', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'portreeve-sources-'));
    const workflow = pathToFileURL(join(EXAMPLE, 'workflows/incident-summary/workflow.ts')).href;
    const write = async (name: string, changed: string) => {
      await cp(join(EXAMPLE, 'workflows/incident-summary/prompts'), join(folder, name, 'prompts'), { recursive: true });
      await writeFile(
        join(folder, name, 'workflow.ts'),
        `import workflow from ${JSON.stringify(workflow)};
const { contract, sources: [logs, attached] } = workflow;
export default { ...workflow, contract: { ...contract, name: '${name}' }, ${changed} };
`,
      );
    };
    await cp(join(EXAMPLE, 'portreeve.config.ts'), join(folder, 'example.config.ts'));
    await writeFile(
      join(folder, 'portreeve.config.ts'),
      "import config from './example.config.ts';\nexport default { ...config, workflows: ['one', 'two'] };\n",
    );
    const open = "{ ...logs, confidentiality: 'public', categories: [] }";
    await write('one', `sources: [${open}, { ...attached, integrity: 'trusted' }]`);
    await write('two', `sources: [${open}, attached]`);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test('each fault is named with its fix, and is exit code 1; what two workflows read alike stands there once', async () => {
    const asJson = await command(['source', 'check', '--project', folder, '--json']);
    expect(asJson).toMatchObject({ code: 1, err: '' });
    const { ok, sources } = documentIn(asJson);
    type Row = { source: string; workflows: string[]; faults: { rule: string; path: string }[] };
    expect(ok).toBe(false);
    expect(
      sources.map(({ source, workflows, faults }: Row) => [
        source,
        workflows,
        faults.map(({ rule, path }) => [rule, path]),
      ]),
    ).toEqual([
      ['case-logs', ['one', 'two'], [['label', 'confidentiality']]],
      ['attached-logs', ['one'], [['label', 'integrity']]],
      ['attached-logs', ['two'], []],
    ]);
    const asText = await command(['source', 'check', '--project', folder]);
    expect(asText.code).toBe(1);
    expect(asText.out).toContain(
      '✗ one, two: case-logs 1.0\n  label confidentiality: is public, and it takes a credential',
    );
    expect(asText.out.match(/fix: /g)).toHaveLength(2);
    const shown = await command(['source', 'show', 'attached-logs', '--project', folder]);
    expect(shown.out.match(/^attached-logs/gm)).toHaveLength(2);
  });

  test.each(['[]', "[{ name: '*' }]"])('a source of the fields %s is not loaded at all', async (fields) => {
    const other = await mkdtemp(join(folder, 'other-'));
    await writeFile(join(other, 'portreeve.config.ts'), "export default { workflows: ['three'] };\n");
    await mkdir(join(other, 'three'));
    await writeFile(
      join(other, 'three/workflow.ts'),
      `import workflow from '../../one/workflow.ts';
const { sources: [logs, attached] } = workflow;
export default { ...workflow, sources: [{ ...logs, fields: ${fields} }, attached] };
`,
    );
    const failed = await command(['source', 'check', '--project', other, '--json']);
    expect(failed.code).toBe(1);
    expect(documentIn(failed)).toMatchObject({
      error: { code: 'misconfigured', detail: expect.stringContaining('fields') },
    });
  });

  test('I2: a folder without a project says so', async () => {
    const failed = await command(['source', 'list', '--project', join(folder, 'none'), '--json']);
    expect(failed.code).toBe(1);
    expect(documentIn(failed)).toMatchObject({ error: { code: 'misconfigured' } });
  });
});

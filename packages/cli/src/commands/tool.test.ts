import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { command, documentIn } from '../testing/terminal.ts';

const EXAMPLE = fileURLToPath(new URL('../../../../examples/incident-summary/', import.meta.url));

test('F2: the tools of the example have no fault, and no server is asked', async () => {
  const asJson = await command(['tool', 'check', '--project', EXAMPLE, '--json', '--server', 'http://127.0.0.1:9']);
  expect(asJson).toMatchObject({ code: 0, err: '' });
  expect(documentIn(asJson)).toMatchObject({ ok: true, tools: [{ tool: 'publish_case_summary', faults: [] }] });
  const asText = await command(['tool', 'check', '--project', EXAMPLE]);
  expect(asText).toMatchObject({ code: 0, out: expect.stringContaining('✓ incident-summary: publish_case_summary') });
});

test('F2: each fault is named with its fix, and is exit code 1', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'portreeve-tools-'));
  try {
    const workflow = pathToFileURL(join(EXAMPLE, 'workflows/incident-summary/workflow.ts')).href;
    const prompts = join(EXAMPLE, 'workflows/incident-summary/prompts');
    await cp(prompts, join(folder, 'one/prompts'), { recursive: true });
    await writeFile(join(folder, 'portreeve.config.ts'), "export default { workflows: ['one'] };\n");
    await writeFile(
      join(folder, 'one/workflow.ts'),
      `import workflow from ${JSON.stringify(workflow)};
const [tool] = workflow.tools;
const changed = { ...tool, tier: 1, args: { ...tool.args, properties: { ...tool.args.properties, title: { type: 'string' } } } };
export default { ...workflow, tools: [changed] };
`,
    );
    const asJson = await command(['tool', 'check', '--project', folder, '--json']);
    expect(asJson.code).toBe(1);
    const [reviewed] = documentIn(asJson).tools;
    expect(reviewed.faults.map((fault: { rule: string; path: string }) => [fault.rule, fault.path])).toEqual([
      ['bounds', 'sinks[1]'],
      ['undo', 'undo'],
      ['host', 'binding'],
    ]);
    const asText = await command(['tool', 'check', '--project', folder]);
    expect(asText.code).toBe(1);
    expect(asText.out).toContain('/title is text without maxLength');
    expect(asText.out.match(/fix: /g)).toHaveLength(3);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test('INV7: a project that declares the tools of relabelling has no fault', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'portreeve-tools-'));
  try {
    const sdk = pathToFileURL(join(EXAMPLE, '../../packages/sdk/src/index.ts')).href;
    const source = pathToFileURL(join(EXAMPLE, 'workflows/incident-summary/workflow.ts')).href;
    await cp(join(EXAMPLE, 'workflows/incident-summary'), join(folder, 'one'), { recursive: true });
    // What its golden decisions leave out follows from its having one tool.
    await rm(join(folder, 'one/tests'), { recursive: true });
    await cp(join(EXAMPLE, 'portreeve.config.ts'), join(folder, 'example.config.ts'));
    await writeFile(
      join(folder, 'portreeve.config.ts'),
      "import config from './example.config.ts';\nexport default { ...config, workflows: ['one'] };\n",
    );
    await writeFile(
      join(folder, 'one/workflow.ts'),
      `import { declassifyValue, endorseValue } from ${JSON.stringify(sdk)};
import workflow from ${JSON.stringify(source)};
const tools = [...workflow.tools, declassifyValue, endorseValue];
const { contract } = workflow;
const scope = { ...contract.scope, tools: tools.map(({ name }) => name) };
export default { ...workflow, tools, contract: { ...contract, scope } };
`,
    );
    const reviewed = documentIn(await command(['tool', 'check', '--project', folder, '--json']));
    expect(reviewed.tools.map(({ tool, faults }: { tool: string; faults: unknown[] }) => [tool, faults])).toEqual([
      ['publish_case_summary', []],
      ['declassify_value', []],
      ['endorse_value', []],
    ]);
    await command(['policy', 'matrix', '--project', folder, '--write']);
    const checked = await command(['check', '--project', folder, '--json']);
    expect(checked, checked.out).toMatchObject({ code: 0 });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test('I2: a folder without a project says so', async () => {
  const failed = await command(['tool', 'check', '--project', '/nonexistent', '--json']);
  expect(failed.code).toBe(1);
  expect(documentIn(failed)).toMatchObject({ error: { code: 'misconfigured' } });
});

import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { toolsetOf } from '../mcp/toolsets.ts';
import { AGENT_TOOLSET } from '../testing/server.ts';
import { soundProject, temporaryProject } from '../testing/temporary-project.ts';
import { loadProject } from './project.ts';
import { loadToolContracts } from './tool-contracts.ts';

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
});
const load = async (changes?: string) => {
  const folder = await temporaryProject(soundProject(changes));
  folders.push(folder);
  return loadToolContracts(folder);
};

test('F2 F7: a contract is found by its release alone: another release, workflow or tool has none', async () => {
  const contracts = await load();
  const { workflows } = await loadProject(contracts.folder);
  const { definition, release } = workflows[0]!;
  const [tool] = definition.tools;
  const { name } = definition.contract;
  expect(contracts.find(name, release, tool!.name)).toEqual(tool);
  const other = `sha256:${'0'.repeat(64)}`;
  expect(contracts.find(name, other, tool!.name)).toBeNull();
  expect(contracts.find('another', release, tool!.name)).toBeNull();
  expect(contracts.find(name, release, 'another')).toBeNull();
});

test('F2: the dry run of a statement is found under its own name, and makes no other call', async () => {
  const changes = `{ contract: { ...contract, scope: { ...contract.scope, tools: ['set_row_of_order'] } }, tools: [{
    ...tools[0], name: 'set_row_of_order', effect: 'write', dry_run: { by: 'rollback' }, undo: 'irreversible',
    args: { type: 'object', properties: { id: { type: 'integer', minimum: 0, maximum: 9 } }, required: ['id'], additionalProperties: false },
    sinks: [{ path: '/id', kind: 'target' }], profiles: {},
    binding: {
      connector: 'postgres', url: 'system://downstream/app', mode: 'write', statement: 'UPDATE orders SET seen = true WHERE id = $1',
      parameters: [{ argument: 'id', type: 'int' }], rows_max: 1, credential: 'orders', tls: 'none',
    },
  }] }`;
  const { contracts, find } = await load(changes);
  const { workflows } = await loadProject(folders.at(-1)!);
  const { release, definition } = workflows[0]!;
  expect(contracts.map(({ name }) => name)).toEqual(['set_row_of_order']);
  expect(find(definition.contract.name, release, 'preview_set_row_of_order')).toMatchObject({
    effect: 'read',
    binding: { mode: 'rollback' },
  });
});

test('F7 I4: a tool for agents outside is found by its set and the digest of all that is in it', async () => {
  const folder = await temporaryProject(soundProject());
  folders.push(folder);
  const config = join(folder, 'portreeve.config.ts');
  const text = await readFile(config, 'utf8');
  const toolset = AGENT_TOOLSET;
  await writeFile(
    config,
    `import base from './base.ts';\nexport default ${JSON.stringify({ mcp: { toolsets: [toolset] } }).replace('{', '{ ...base, ')};\n`,
  );
  await writeFile(join(folder, 'base.ts'), text);
  const { find } = await loadToolContracts(folder);
  const { toolsets } = await loadProject(folder);
  const { release, tools } = toolsetOf(toolsets[0]!.config, toolsets[0]!.tools);
  expect(find(toolset.name, release, 'post_note')).toEqual(tools.find(({ name }) => name === 'post_note'));
  expect(find(toolset.name, `sha256:${'0'.repeat(64)}`, 'post_note')).toBeNull();
  expect(find('another', release, 'post_note')).toBeNull();
});

import { rm } from 'node:fs/promises';
import { afterEach, expect, test } from 'vitest';
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

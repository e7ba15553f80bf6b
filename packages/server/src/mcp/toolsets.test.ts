import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mcpConfigSchema } from '@portreeve/contract';
import { expect, test } from 'vitest';
import tools from '../testing/project/agents/tools.ts';
import { loadToolsets } from './toolsets.ts';

test('I5 F10: what only its caller could do is no undo', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'portreeve-toolset-'));
  const config = mcpConfigSchema.parse({ toolsets: [{ name: 'desk', approvers: ['x'], tools: 'tools.ts' }] });
  try {
    const local = tools.map((tool) =>
      tool.name === 'drop_note' ? { ...tool, idempotency: 'none', binding: { connector: 'caller' } } : tool,
    );
    await writeFile(join(folder, 'tools.ts'), `export default ${JSON.stringify(local)};\n`);
    await expect(loadToolsets(folder, config)).rejects.toThrow('carried out by its caller');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

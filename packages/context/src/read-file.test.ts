import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SourceContract } from '@portreeve/contract';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fileSource } from './read-file.ts';
import { sourceReaderContract } from './testing/index.ts';

sourceReaderContract('file', async (text, shape) => {
  const root = await mkdtemp(join(tmpdir(), 'portreeve-file-'));
  await mkdir(join(root, 'cases'));
  if (text !== null) await writeFile(join(root, 'cases', 'CASE-1.jsonl'), text);
  return {
    reader: fileSource({ root }),
    request: {
      contract: {
        ...shape,
        query: { type: 'object' },
        binding: { kind: 'file', folder: 'cases', pattern: '{case_id}.jsonl' },
      },
      query: { case_id: 'CASE-1' },
      attachments: [],
    },
    close: () => rm(root, { recursive: true }),
  };
});

describe('D11: the file reader stays in its folder', () => {
  let root: string;
  const contract = (folder = 'cases', pattern = '{case_id}.jsonl'): SourceContract => ({
    name: 'case-files',
    version: '1.0',
    title: 'Case files',
    integrity: 'untrusted',
    confidentiality: 'internal',
    categories: [],
    query: { type: 'object' },
    fields: [{ name: 'n', max_chars: 10 }],
    limits: { max_items: 10, max_bytes: 1000, timeout_ms: 1000 },
    binding: { kind: 'file', folder, pattern },
  });
  const codeOf = (case_id: string | number | null, over?: SourceContract) =>
    fileSource({ root: join(root, 'project') })
      .read({ contract: over ?? contract(), query: { case_id }, attachments: [] })
      .then(
        () => 'read',
        (error: { code?: string }) => error.code,
      );

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'portreeve-escape-'));
    await mkdir(join(root, 'project', 'cases', 'folder.jsonl'), { recursive: true });
    await writeFile(join(root, 'secret.jsonl'), '{"n":"secret"}');
    await writeFile(join(root, 'project', 'secret.jsonl'), '{"n":"secret"}');
    await writeFile(join(root, 'project', 'cases', 'here.jsonl'), '{"n":"here"}');
    await symlink(join(root, 'secret.jsonl'), join(root, 'project', 'cases', 'link.jsonl'));
    await symlink(join(root, 'project', 'cases', 'here.jsonl'), join(root, 'project', 'cases', 'inner.jsonl'));
    await symlink(root, join(root, 'project', 'outside'));
  });
  afterAll(() => rm(root, { recursive: true }));

  test('a name inside is read, also by a link that stays inside', async () => {
    expect(await codeOf('here')).toBe('read');
    expect(await codeOf('inner')).toBe('read');
  });

  test.each([
    '../secret',
    '..',
    '.',
    '',
    '/etc/passwd',
    'a/../../secret',
    'here\0',
    '..\\secret',
    '.hidden',
    'a b',
    null,
  ])('the query value %j is refused', async (value) => {
    expect(await codeOf(value)).toBe('bad_input');
  });

  test('a link out of the folder is refused', async () => {
    expect(await codeOf('link')).toBe('source_failed');
  });

  test('a folder that is a link out of the project, or a pattern that climbs, is refused', async () => {
    expect(await codeOf('secret', contract('outside'))).toBe('source_failed');
    expect(await codeOf('secret', contract('cases', '../{case_id}.jsonl'))).toBe('source_failed');
    expect(await codeOf('secret', contract('..'))).toBe('source_failed');
  });

  test('a directory is not a file', async () => {
    expect(await codeOf('folder')).toBe('source_failed');
  });
});

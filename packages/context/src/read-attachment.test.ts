import { expect, test } from 'vitest';
import { attachmentSource } from './read-attachment.ts';
import { sourceReaderContract } from './testing/index.ts';

sourceReaderContract('attachment', async (text, shape) => ({
  reader: attachmentSource(),
  request: {
    contract: { ...shape, query: { type: 'object' }, binding: { kind: 'attachment' } },
    query: {},
    attachments: text === null ? [] : [{ name: 'events.jsonl', media_type: 'application/x-ndjson', text }],
  },
}));

test('of several attachments the query must name one', async () => {
  const request = {
    contract: {
      name: 'logs',
      version: '1.0',
      title: 'Logs',
      integrity: 'untrusted',
      confidentiality: 'internal',
      categories: [],
      query: { type: 'object' },
      fields: [{ name: 'n', max_chars: 10 }],
      limits: { max_items: 10, max_bytes: 1000, timeout_ms: 1000 },
      binding: { kind: 'attachment' },
    } as const,
    attachments: ['one', 'two'].map((name) => ({ name, media_type: 'text/plain', text: `{"n":"${name}"}` })),
  };
  const contract = { ...request.contract, categories: [], fields: [...request.contract.fields] };
  await expect(attachmentSource().read({ ...request, contract, query: {} })).rejects.toMatchObject({
    code: 'bad_input',
  });
  const read = await attachmentSource().read({ ...request, contract, query: { name: 'two' } });
  expect(read.items).toEqual([{ position: 1, fields: { n: 'two' } }]);
});

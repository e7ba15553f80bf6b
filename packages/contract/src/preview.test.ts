import { describe, expect, test } from 'vitest';
import type { Json } from './canonical.ts';
import { type Preview, previewForm, previewSchema, readPreview } from './preview.ts';

const made = (result: Json, fields: Partial<Extract<Preview, { state: 'made' }>> = {}): Preview =>
  previewSchema.parse({
    state: 'made',
    tool: 'show_account',
    tool_version: '1.0.0',
    proposal: 'prop_1',
    execution: 'exec_1',
    made_at: '2026-11-02T09:00:00.000Z',
    label: { integrity: 'untrusted', confidentiality: 'internal', categories: [], origins: ['tool:show_account'] },
    form: 'diff',
    declared: ['after', 'before', 'note'],
    result,
    ...fields,
  });

describe('F3: what is shown of a preview', () => {
  test('a difference where the contract declares one, and all else that came with it', () => {
    const result = { before: { groups: ['a'] }, after: { groups: ['a', 'b'] }, note: 'soon', extra: 1 };
    expect(readPreview(made(result))).toEqual({
      changes: [{ kind: 'added', path: '/groups/1', after: 'b' }],
      fields: [
        { name: 'note', declared: true, value: 'soon' },
        { name: 'extra', declared: false, value: 1 },
      ],
    });
  });

  test('fields where it declares none, even if the answer has such members', () => {
    const view = readPreview(made({ before: 1, after: 2 }, { form: 'fields', declared: ['rows'] }));
    expect(view).toEqual({
      changes: null,
      fields: [
        { name: 'before', declared: false, value: 1 },
        { name: 'after', declared: false, value: 2 },
      ],
    });
  });

  test('an answer that is no object is one field; a preview that is not there has none', () => {
    expect(readPreview(made([1], { form: 'fields' })).fields).toEqual([{ name: 'result', declared: true, value: [1] }]);
    const missing = { state: 'missing', why: 'late', text: 'Later.', proposal: null, made_at: '2026-11-02T09:00:00Z' };
    expect(readPreview(previewSchema.parse(missing))).toEqual({ changes: null, fields: [] });
  });

  test.each([
    [{ type: 'object', properties: { before: {}, after: {} }, required: ['before', 'after'] }, 'diff'],
    [{ type: 'object', properties: { before: {}, after: {} }, required: ['after'] }, 'fields'],
    [{ type: 'object', properties: { after: {} }, required: ['before', 'after'] }, 'fields'],
    [{ properties: { before: {}, after: {} }, required: ['before', 'after'] }, 'fields'],
    [{}, 'fields'],
  ])('the result schema says which: %j', (schema, form) => {
    expect(previewForm(schema).form).toBe(form);
  });
});

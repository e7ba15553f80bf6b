/** The tool that is called: it reads, so no person is asked. */
export const TOOL = {
  name: 'look_up_order',
  description: 'Looks an order up.',
  inputSchema: { type: 'object', properties: { order: { type: 'string', maxLength: 64 } }, required: ['order'] },
  annotations: { readOnlyHint: true, openWorldHint: false },
};

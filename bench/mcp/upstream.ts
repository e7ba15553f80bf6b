// The server behind: one tool that answers at once.
import { serveTool } from './serve.ts';

const answer = { content: [{ type: 'text', text: 'shipped' }] };
serveTool(
  async () => answer,
  async () => undefined,
);

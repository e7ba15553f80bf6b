import { McpServer } from '@modelcontextprotocol/server';
import { z } from 'zod';

/** A real MCP server: `publish`, for which `act` does the work and gives the answer, and `preview`, which only reads. */
export function testMcpServer(
  act: (args: { case_id: string; summary: string }, meta: Record<string, unknown>) => Promise<TestAnswer> | TestAnswer,
  description = 'Publishes the summary of one case.',
): McpServer {
  const server = new McpServer({ name: 'cases', version: '1.0.0' });
  server.registerTool(
    'publish',
    {
      description,
      inputSchema: z.object({ case_id: z.string(), summary: z.string() }),
      outputSchema: z.object({ published: z.boolean() }),
    },
    async (args, context) => {
      const meta = context.mcpReq._meta ?? {};
      const answer = await act(args, meta as Record<string, unknown>);
      return { content: [{ type: 'text', text: JSON.stringify(answer.structuredContent ?? {}) }], ...answer } as never;
    },
  );
  server.registerTool(
    'preview',
    {
      description: 'Shows what would be published.',
      inputSchema: z.object({ case_id: z.string(), summary: z.string() }),
      outputSchema: z.object({ published: z.boolean() }),
    },
    () => ({ content: [], structuredContent: { published: false } }),
  );
  return server;
}

export interface TestAnswer {
  readonly structuredContent?: { readonly [member: string]: unknown };
  readonly isError?: boolean;
}

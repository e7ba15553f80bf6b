import { ProtocolError, ProtocolErrorCode, Server, type ServerContext } from '@modelcontextprotocol/server';

/*
 * A server that has what the scenarios of the official conformance suite ask for by name. It is an upstream: what is tested
 * is the gateway before it.
 */

const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==';
const SILENCE = 'UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA=';
const READ_ONLY = { readOnlyHint: true, openWorldHint: false };

const text = (words: string) => ({ type: 'text', text: words });
const image = { type: 'image', data: PIXEL, mimeType: 'image/png' };
const embedded = (uri: string, words: string, mimeType = 'text/plain') => ({
  type: 'resource',
  resource: { uri, mimeType, text: words },
});
const complete = (...content: object[]) => ({ content });
const form = (message: string, properties: object, required: string[] = Object.keys(properties)) => ({
  method: 'elicitation/create',
  params: { message, requestedSchema: { type: 'object', properties, required } },
});
const sampling = (question: string, maxTokens = 100) => ({
  method: 'sampling/createMessage',
  params: { messages: [{ role: 'user', content: text(question) }], maxTokens },
});
const roots = { method: 'roots/list', params: {} };
const ask = (inputRequests: object, requestState?: string) => ({
  resultType: 'input_required',
  inputRequests,
  ...(requestState === undefined ? {} : { requestState }),
});

type Args = Record<string, string>;
type Responses = Record<string, { action?: string; content?: Record<string, unknown> | { text?: string } }>;
interface Tool {
  readonly description: string;
  readonly inputs?: Record<string, object>;
  readonly schema?: object;
  /** It does something: a person must agree. */
  readonly effect?: true;
  call(args: Args, responses: Responses, context: ServerContext): object | Promise<object>;
}

/** Asks until the answer named `key` is there, and then shows it. */
const until =
  (key: string, request: object, state?: string): Tool['call'] =>
  (_args, responses, context) => {
    if (state !== undefined && context.mcpReq.requestState() !== undefined && context.mcpReq.requestState() !== state)
      throw new Error('another state');
    const said = responses[key];
    return said ? complete(text(`state-ok ${JSON.stringify(said.content ?? said)}`)) : ask({ [key]: request }, state);
  };
const NAME = form('What is your name?', { name: { type: 'string' } });
const CONFIRM = form('Please confirm', { ok: { type: 'boolean' } });
const pause = () => new Promise((resolve) => setTimeout(resolve, 20));

const tools: Record<string, Tool> = {
  test_simple_text: {
    description: 'Answers with text',
    call: () => complete(text('This is a simple text response for testing.')),
  },
  test_image_content: { description: 'Answers with an image', call: () => complete(image) },
  test_audio_content: {
    description: 'Answers with audio',
    call: () => complete({ type: 'audio', data: SILENCE, mimeType: 'audio/wav' }),
  },
  test_embedded_resource: {
    description: 'Answers with a resource',
    call: () => complete(embedded('test://embedded-resource', 'This is an embedded resource content.')),
  },
  test_multiple_content_types: {
    description: 'Answers with several kinds of content',
    call: () =>
      complete(
        text('Multiple content types test:'),
        image,
        embedded('test://mixed-content-resource', '{"test":"data","value":123}', 'application/json'),
      ),
  },
  test_error_handling: {
    description: 'Fails',
    call: () => ({ isError: true, ...complete(text('This tool intentionally returns an error for testing')) }),
  },
  test_tool_with_logging: {
    description: 'Logs on its way',
    async call(_args, _responses, { mcpReq }) {
      for (const step of ['started', 'processing', 'completed']) {
        await mcpReq.log('info', `Tool execution ${step}`);
        await pause();
      }
      return complete(text('Logged.'));
    },
  },
  test_logging_tool: {
    description: 'Logs where it is let to',
    async call(_args, _responses, { mcpReq }) {
      await mcpReq.log('info', 'Working');
      return complete(text('Done.'));
    },
  },
  test_missing_capability: {
    description: 'Cannot do without a model',
    call: (_args, responses) => (responses.answer ? complete(text('Done.')) : ask({ answer: sampling('Why?') })),
  },
  test_streaming_elicitation: {
    description: 'Asks the user',
    call: (_args, responses) => elicited(responses, NAME),
  },
  test_tool_with_progress: {
    description: 'Tells its progress',
    async call(_args, _responses, { mcpReq }) {
      const progressToken = mcpReq._meta?.progressToken;
      for (const progress of [0, 50, 100]) {
        if (progressToken !== undefined)
          await mcpReq.notify({ method: 'notifications/progress', params: { progressToken, progress, total: 100 } });
        await pause();
      }
      return complete(text(String(progressToken)));
    },
  },
  test_sampling: {
    description: 'Asks the client’s model',
    inputs: { prompt: { type: 'string' } },
    call: ({ prompt = '' }, responses) => {
      const said = responses.answer as { content?: { text?: string } } | undefined;
      return said ? complete(text(`LLM response: ${said.content?.text}`)) : ask({ answer: sampling(prompt) });
    },
  },
  test_elicitation: {
    description: 'Asks the user',
    inputs: { message: { type: 'string' } },
    call: ({ message = '' }, responses) => elicited(responses, form(message, { response: { type: 'string' } })),
  },
  test_elicitation_sep1034_defaults: {
    description: 'Asks with defaults',
    call: (_args, responses) =>
      elicited(
        responses,
        form(
          'Please review the defaults',
          {
            name: { type: 'string', default: 'John Doe' },
            age: { type: 'integer', default: 30 },
            score: { type: 'number', default: 95.5 },
            status: { type: 'string', enum: ['active', 'inactive', 'pending'], default: 'active' },
            verified: { type: 'boolean', default: true },
          },
          [],
        ),
      ),
  },
  test_elicitation_sep1330_enums: {
    description: 'Asks to choose',
    call: (_args, responses) => elicited(responses, form('Please choose', choices(), [])),
  },
  json_schema_2020_12_tool: {
    description: 'Has a schema of 2020-12',
    schema: {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      type: 'object',
      $defs: { address: { type: 'object', properties: { street: { type: 'string' }, city: { type: 'string' } } } },
      properties: { name: { type: 'string' }, address: { $ref: '#/$defs/address' } },
      additionalProperties: false,
    },
    call: (args) => complete(text(JSON.stringify(args))),
  },
  test_input_required_result_elicitation: { description: 'Asks for a name', call: until('user_name', NAME) },
  test_input_required_result_sampling: {
    description: 'Asks a model',
    call: until('capital_question', sampling('What is the capital of France?')),
  },
  test_input_required_result_list_roots: { description: 'Asks for roots', call: until('client_roots', roots) },
  test_input_required_result_request_state: {
    description: 'Keeps a state',
    call: until('confirm', CONFIRM, 'asked-once'),
  },
  test_input_required_result_tampered_state: {
    description: 'Guards a state',
    call: until('confirm', CONFIRM, 'asked-here'),
  },
  test_input_required_result_multiple_inputs: {
    description: 'Asks for several things',
    call: (_args, responses) =>
      Object.keys(responses).length >= 3
        ? complete(text(JSON.stringify(responses)))
        : ask({ user_name: NAME, greeting: sampling('Generate a greeting', 50), client_roots: roots }, 'three'),
  },
  test_input_required_result_multi_round: {
    description: 'Asks twice',
    call(_args, responses, { mcpReq }) {
      if (responses.step2 && mcpReq.requestState() === 'second') return complete(text('Thank you.'));
      if (responses.step1 && mcpReq.requestState() === 'first')
        return ask({ step2: form('Step 2: What is your favorite color?', { color: { type: 'string' } }) }, 'second');
      return ask({ step1: form('Step 1: What is your name?', { name: { type: 'string' } }) }, 'first');
    },
  },
  test_input_required_result_capabilities: {
    description: 'Asks for what the client can do',
    call(_args, responses, { mcpReq }) {
      if (Object.keys(responses).length > 0) return complete(text('Done.'));
      const envelope = (mcpReq.envelope ?? {}) as Record<string, Record<string, unknown> | undefined>;
      const client = envelope['io.modelcontextprotocol/clientCapabilities'] ?? {};
      const requests = {
        ...(client.sampling ? { question: sampling('What is the capital of France?') } : {}),
        ...(client.elicitation ? { user_name: NAME } : {}),
      };
      return Object.keys(requests).length > 0 ? ask(requests) : complete(text('Nothing to ask.'));
    },
  },
};

const EFFECT = { readOnlyHint: false, destructiveHint: true };
const SECONDS: Record<string, object> = { seconds: { type: 'number' }, label: { type: 'string' } };

/** What the scenarios of the tasks extension ask for. Those with an effect wait for a person: that is what makes a task. */
const taskTools: Record<string, Tool> = {
  greet: {
    description: 'Greets, at once',
    inputs: { name: { type: 'string' } },
    call: ({ name }) => complete(text(`Hello, ${name}!`)),
  },
  slow_compute: { description: 'Computes for long', inputs: SECONDS, effect: true, call: () => complete(text('42')) },
  failing_job: {
    ...{ description: 'Says that it has failed', effect: true },
    call: () => ({ isError: true, ...complete(text('This job always fails.')) }),
  },
  // It asks its client for nothing, and so makes no task: no task here asks for something.
  confirm_delete: {
    description: 'Says what would be deleted',
    inputs: { filename: { type: 'string' } },
    call: ({ filename }) => complete(text(`It would delete ${filename}.`)),
  },
  protocol_error_job: {
    ...{ description: 'Breaks', effect: true },
    call: () => {
      throw new ProtocolError(ProtocolErrorCode.InternalError, 'broken');
    },
  },
};

function elicited(responses: Responses, request: object): object {
  const said = responses.form;
  if (!said) return ask({ form: request });
  return complete(text(`Elicitation completed: action=${said.action}, content=${JSON.stringify(said.content ?? {})}`));
}

function choices(): Record<string, object> {
  const plain = ['option1', 'option2', 'option3'];
  const titled = ['First', 'Second', 'Third'].map((title, index) => ({ const: `value${index + 1}`, title }));
  return {
    untitledSingle: { type: 'string', enum: plain },
    titledSingle: { type: 'string', oneOf: titled },
    legacyEnum: { type: 'string', enum: ['opt1', 'opt2', 'opt3'], enumNames: ['One', 'Two', 'Three'] },
    untitledMulti: { type: 'array', minItems: 1, maxItems: 3, items: { type: 'string', enum: plain } },
    titledMulti: { type: 'array', minItems: 1, maxItems: 3, items: { anyOf: titled } },
  };
}

const said = (...content: object[]) => ({ messages: content.map((each) => ({ role: 'user', content: each })) });
const CONTEXT = form('What context should the prompt use?', { context: { type: 'string' } });
const prompts: Record<string, { args?: string[]; get(args: Args, responses: Responses): object }> = {
  test_simple_prompt: { get: () => said(text('This is a simple prompt for testing.')) },
  test_prompt_with_arguments: {
    args: ['arg1', 'arg2'],
    get: ({ arg1, arg2 }) => said(text(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`)),
  },
  test_prompt_with_embedded_resource: {
    args: ['resourceUri'],
    get: ({ resourceUri = '' }) =>
      said(
        embedded(resourceUri, 'Embedded resource content for testing.'),
        text('Please process the embedded resource above.'),
      ),
  },
  test_prompt_with_image: { get: () => said(image, text('Please analyze the image above.')) },
  test_input_required_result_prompt: {
    get: (_args, responses) =>
      responses.user_context ? said(text('In that context.')) : ask({ user_context: CONTEXT }),
  },
};

const resources: Record<string, { name: string; mimeType: string; content: object }> = {
  'test://static-text': {
    name: 'static-text',
    mimeType: 'text/plain',
    content: { text: 'This is the content of the static text resource.' },
  },
  'test://static-binary': { name: 'static-binary', mimeType: 'image/png', content: { blob: PIXEL } },
  'test://watched-resource': {
    name: 'watched-resource',
    mimeType: 'text/plain',
    content: { text: 'Watched resource content' },
  },
};

/** One instance of the fixtures, for one request. */
export function fixtureServer(): Server {
  const server = new Server(
    { name: 'fixtures', version: '1' },
    { capabilities: { tools: {}, prompts: {}, resources: {}, completions: {}, logging: {} } },
  );
  const on = server.setRequestHandler.bind(server) as unknown as (
    method: string,
    handler: (request: never, context: ServerContext) => unknown,
  ) => void;
  on('tools/list', () => ({
    tools: Object.entries({ ...tools, ...taskTools }).map(([name, { description, inputs = {}, schema, effect }]) => ({
      name,
      description,
      inputSchema: schema ?? { type: 'object', properties: inputs, required: Object.keys(inputs) },
      annotations: effect ? EFFECT : READ_ONLY,
    })),
  }));
  on('tools/call', ({ params }: { params: { name: string; arguments?: Args } }, context) => {
    const tool = tools[params.name] ?? taskTools[params.name];
    if (!tool) throw new Error('no such tool');
    return tool.call(params.arguments ?? {}, (context.mcpReq.inputResponses ?? {}) as Responses, context);
  });
  on('prompts/list', () => ({
    prompts: Object.entries(prompts).map(([name, { args = [] }]) => ({
      name,
      description: `The prompt ${name}`,
      arguments: args.map((each) => ({ name: each, required: true })),
    })),
  }));
  on('prompts/get', ({ params }: { params: { name: string; arguments?: Args } }, context) =>
    prompts[params.name]?.get(params.arguments ?? {}, (context.mcpReq.inputResponses ?? {}) as Responses),
  );
  on('resources/list', () => ({
    resources: Object.entries(resources).map(([uri, { name, mimeType }]) => ({ uri, name, mimeType })),
  }));
  on('resources/templates/list', () => ({
    resourceTemplates: [{ uriTemplate: 'test://template/{id}/data', name: 'template', mimeType: 'application/json' }],
  }));
  on('resources/read', ({ params: { uri } }: { params: { uri: string } }) => {
    const id = /^test:\/\/template\/([^/]+)\/data$/.exec(uri)?.[1];
    if (id !== undefined)
      return {
        contents: [
          {
            uri,
            mimeType: 'application/json',
            text: JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` }),
          },
        ],
      };
    const { content, mimeType } = resources[uri]!;
    return { contents: [{ uri, mimeType, ...content }] };
  });
  on('completion/complete', () => ({ completion: { values: ['one'], total: 1, hasMore: false } }));
  return server;
}

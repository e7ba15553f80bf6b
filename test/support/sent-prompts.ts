import { assemble, labelEvidence, loadPrompts, makeEvidence, type PromptInputs } from '@portreeve/context';
import {
  type JsonObject,
  type Label,
  type Labelled,
  type ModelRequest,
  systemClock,
  type WorkflowContract,
} from '@portreeve/contract';
import { type AnthropicProviderOptions, anthropicProvider, createModel, type Provider } from '@portreeve/model';
import { openaiProvider } from '@portreeve/model/openai';
import { memoryObserver, messagesApiServer, openaiDialect, reply, scriptedServer } from '@portreeve/model/testing';
import { ROOT } from '../repository.ts';

const OUTSIDE: Label = { integrity: 'untrusted', confidentiality: 'internal', categories: [], origins: ['outside'] };

/** Evidence as a source gives it. */
export const evidenceOf = (source: string, ...items: JsonObject[]): Labelled<unknown> =>
  labelEvidence(
    items.map((fields, index) => makeEvidence(source, index + 1, fields)),
    OUTSIDE,
  );

/** The prompt of an example, assembled as its workflow would have it. */
export async function assembled(
  example: string,
  prompt: string,
  inputs: PromptInputs,
): Promise<Labelled<ModelRequest>> {
  const prompts = await loadPrompts(`${ROOT}examples/${example}/workflows/${example}/prompts`);
  const found = prompts.find(({ contract }) => contract.id === prompt);
  if (!found) throw new Error(`${example} has no prompt ${prompt}`);
  const workflow = { name: example, scope: { sources: [], tools: [], prompts: [prompt] } };
  return assemble({ prompt: found, workflow: workflow as unknown as WorkflowContract, inputs }).request;
}

/** What goes over the wire for a question: the body's bytes as JSON, by the SDK of the vendor and a local server. */
export async function sentBody(
  wire: 'anthropic' | 'openai',
  request: Labelled<ModelRequest>,
  cache: AnthropicProviderOptions['cache'] = '5m',
): Promise<unknown> {
  const answer = [reply.answer({}), reply.answer({})];
  const server =
    wire === 'anthropic' ? await messagesApiServer(answer) : await scriptedServer(openaiDialect('k'), answer);
  try {
    const common = { model: 'model-1', fetch, credential: 'k' };
    const provider: Provider =
      wire === 'anthropic'
        ? anthropicProvider({ ...common, baseURL: server.url, cache })
        : openaiProvider({ ...common, name: 'own', baseURL: `${server.url}/v1` });
    await createModel({ provider, clock: systemClock })(request, memoryObserver());
    return server.requests[0]?.body;
  } finally {
    await server.close();
  }
}

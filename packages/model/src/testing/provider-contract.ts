import { CATEGORIES, CONFIDENTIALITY } from '@portreeve/contract';
import { afterEach, describe, expect, test } from 'vitest';
import {
  type Provider,
  type ProviderAnswer,
  ProviderError,
  type ProviderErrorKind,
  type ProviderRequest,
} from '../ports.ts';
import { type Reply, reply } from './replies.ts';

/** The answer of the scenario `answer`. */
export const CONTRACT_ANSWER = { summary: 'the log was cleared' };
/** Milliseconds that the scenario `rate_limited` asks to wait. */
export const CONTRACT_RETRY_AFTER_MS = 1500;
const WISH = { id: 'toolu_1', name: 'look_up', input: { case_id: 'C-1', deep: { list: [1, 2, 3] } } };

/** What the endpoint behind a provider does in one case of the suite. */
export const PROVIDER_SCENARIOS = {
  answer: reply.answer(CONTRACT_ANSWER, { cache_read_tokens: 4 }),
  tool_use: reply.toolUse(WISH),
  refusal: reply.refusal(),
  truncated: reply.maxTokens(),
  empty: reply.empty(),
  pause_turn: reply.stop('pause_turn', 'One moment'),
  window_exceeded: reply.stop('model_context_window_exceeded'),
  not_json: reply.text('```json\n{"summary": 1}\n```'),
  rate_limited: reply.rateLimited({ 'retry-after-ms': String(CONTRACT_RETRY_AFTER_MS) }),
  spend_limit: reply.spendLimit(),
  overloaded: reply.overloaded(),
  server_error: reply.status(500),
  bad_request: reply.status(400),
  unauthorised: reply.status(401),
  forbidden: reply.status(403),
  not_found: reply.status(404),
  too_large_request: reply.status(413),
  unprocessable: reply.status(422),
  context_overflow: reply.contextOverflow(),
  cut: reply.cut(),
  cut_short: reply.cutShort(),
  ended_short: reply.endedShort(),
  garbage: reply.garbage(),
  other_shape: reply.otherShape(),
  redirect: reply.redirect('http://127.0.0.1:9/v1/messages'),
  oversize: reply.oversize(5 * 1024 * 1024),
  slow: reply.slow(),
  stalled: reply.stalled(),
  drip: reply.drip(),
} as const satisfies Record<string, Reply>;
export type ProviderScenario = keyof typeof PROVIDER_SCENARIOS;

/** Scenarios in which nothing but the time limit ends an attempt. */
export const SILENT: ReadonlySet<ProviderScenario> = new Set(['slow', 'stalled', 'drip']);

/**
 * Makes a provider whose endpoint answers each request with the reply of the scenario. Where that is one of
 * {@link SILENT} the provider must give up after about 150 ms. `asked` counts the requests that arrived.
 */
export type MakeProvider = (
  scenario: ProviderScenario,
) => Promise<{ provider: Provider; asked(): number; close(): Promise<void> }>;

const QUESTION: ProviderRequest = {
  model: 'model-1',
  system: 'Answer in JSON.',
  content: [
    { type: 'text', text: 'Summarise the evidence.' },
    { type: 'data', source: 'ev_1', title: 'event 1', text: 'Message: The audit log was cleared.' },
    { type: 'data', source: 'ev_2', title: '', text: '' },
  ],
  output: {
    type: 'object',
    properties: { summary: { type: 'string', maxLength: 200 } },
    required: ['summary'],
    additionalProperties: false,
  },
  max_output_tokens: 200,
  label: { confidentiality: 'public', categories: [] },
};

const HEARD = { source: 'ev_0003-0badcafe', title: 'what look_up answered' };

const FAILURES: Partial<Record<ProviderScenario, { kinds: ProviderErrorKind[]; transient: boolean }>> = {
  rate_limited: { kinds: ['status'], transient: true },
  spend_limit: { kinds: ['status'], transient: false },
  overloaded: { kinds: ['status'], transient: true },
  server_error: { kinds: ['status'], transient: true },
  bad_request: { kinds: ['status'], transient: false },
  unauthorised: { kinds: ['status'], transient: false },
  forbidden: { kinds: ['status'], transient: false },
  not_found: { kinds: ['status'], transient: false },
  too_large_request: { kinds: ['status'], transient: false },
  unprocessable: { kinds: ['status'], transient: false },
  context_overflow: { kinds: ['context_overflow'], transient: false },
  cut: { kinds: ['connection'], transient: true },
  cut_short: { kinds: ['connection', 'broken_answer'], transient: true },
  ended_short: { kinds: ['connection', 'broken_answer'], transient: true },
  garbage: { kinds: ['broken_answer'], transient: true },
  other_shape: { kinds: ['broken_answer', 'connection'], transient: true },
  redirect: { kinds: ['connection'], transient: true },
  oversize: { kinds: ['too_large'], transient: false },
  slow: { kinds: ['timeout'], transient: true },
  stalled: { kinds: ['timeout'], transient: true },
  drip: { kinds: ['timeout'], transient: true },
};

/** What a test asks for: the answer in one piece, or as a stream. */
const MODES = ['whole', 'stream'] as const;

/** What every {@link Provider} keeps to (requirements E1, E2): one attempt, the words of the port, nothing else. */
export function providerContract(name: string, make: MakeProvider): void {
  describe.each(MODES)(`provider contract: ${name}, %s`, (mode) => {
    const open: (() => Promise<void>)[] = [];
    afterEach(async () => {
      for (const close of open.splice(0)) await close();
    });
    const given = async (scenario: ProviderScenario) => {
      const made = await make(scenario);
      open.push(made.close);
      const pieces: string[] = [];
      const sent: ('sent' | number)[] = [];
      const watch = {
        sent: () => void sent.push('sent'),
        began: (status: number) => void sent.push(status),
        ...(mode === 'stream' ? { text: (piece: string) => void pieces.push(piece) } : {}),
      };
      return {
        ...{ ...made, pieces, sent },
        ask: (more: Partial<ProviderRequest> = {}, signal = new AbortController().signal): Promise<ProviderAnswer> =>
          made.provider.complete({ ...QUESTION, ...more }, signal, watch),
      };
    };
    const failure = async (running: Promise<unknown>): Promise<ProviderError> => {
      const error = await running.then(
        () => null,
        (thrown: unknown) => thrown,
      );
      expect(error).toBeInstanceOf(ProviderError);
      return error as ProviderError;
    };

    test('it says what it is', async () => {
      const { provider } = await given('answer');
      expect(provider.name).not.toBe('');
      expect(provider.model).not.toBe('');
      expect(provider.vendor).toMatch(/^[a-z._]+$/);
      expect(provider.address.port).toBeGreaterThan(0);
      expect(typeof provider.simulated).toBe('boolean');
      expect(provider.clearance).toHaveProperty('confidentiality');
    });

    test('E1, E2: an answer comes back with its model, its tokens and the request id', async () => {
      const { ask, pieces, sent } = await given('answer');
      const answer = await ask();
      expect(JSON.parse(answer.text)).toEqual(CONTRACT_ANSWER);
      expect(answer).toMatchObject({ stop_reason: 'end_turn', refusal: null, cache_read_tokens: 4 });
      expect(answer.content).toEqual([{ type: 'text', text: answer.text }]);
      expect(answer.model).not.toBe('');
      expect(answer.request_id).toBe('req_local_1');
      expect(answer.input_tokens).toBe(14);
      expect(answer.output_tokens).toBeGreaterThan(1);
      expect(sent).toEqual(['sent', 200]);
      expect(pieces.join('')).toBe(mode === 'stream' ? answer.text : '');
      if (mode === 'stream') expect(pieces.length).toBeGreaterThan(1);
    });

    test('a wish for a tool is an answer, and its arguments are whole', async () => {
      const { ask } = await given('tool_use');
      const tools = [{ name: 'look_up', description: 'Looks up.', input: { type: 'object', properties: {} } }];
      const answer = await ask({ tools });
      expect(answer).toMatchObject({ stop_reason: 'tool_use', text: '' });
      expect(answer.content).toEqual([{ type: 'tool_use', ...WISH }]);
    });

    test('a conversation with results of tools is sent on', async () => {
      const { ask } = await given('answer');
      const tools = [{ name: 'look_up', description: 'Looks up.', input: { type: 'object', properties: {} } }];
      const turns: ProviderRequest['turns'] = [
        {
          role: 'assistant',
          content: [
            { type: 'text', text: 'I look it up.' },
            { type: 'tool_use', ...WISH },
          ],
        },
        {
          role: 'user',
          content: [
            { type: 'tool_result', id: WISH.id, text: 'not found', failed: true },
            { type: 'tool_result', id: WISH.id, text: '{"answer":7}', failed: false, evidence: HEARD },
            { type: 'tool_result', id: WISH.id, text: '', failed: false, evidence: { ...HEARD, title: '' } },
          ],
        },
      ];
      expect((await ask({ tools, turns })).stop_reason).toBe('end_turn');
    });

    test('E7: a refusal is an answer', async () => {
      const { ask } = await given('refusal');
      const answer = await ask();
      expect(answer.stop_reason).toBe('refusal');
      expect(answer.refusal?.explanation).toBe('This request was declined.');
    });

    test('E7: truncated, empty, paused and overlong answers keep their stop reason and text', async () => {
      const of = async (scenario: ProviderScenario) => {
        const { stop_reason, text } = await (await given(scenario)).ask();
        return { stop_reason, text };
      };
      expect(await of('truncated')).toEqual({ stop_reason: 'max_tokens', text: '{"summary":"cut o' });
      expect(await of('empty')).toEqual({ stop_reason: 'end_turn', text: '' });
      expect(await of('pause_turn')).toEqual({ stop_reason: 'pause_turn', text: 'One moment' });
      expect((await of('window_exceeded')).stop_reason).toBe('model_context_window_exceeded');
      expect(await of('not_json')).toEqual({ stop_reason: 'end_turn', text: '```json\n{"summary": 1}\n```' });
    });

    for (const [scenario, expected] of Object.entries(FAILURES) as [
      ProviderScenario,
      { kinds: string[]; transient: boolean },
    ][]) {
      test(`E4: ${scenario}: one attempt, ${expected.transient ? 'transient' : 'permanent'}`, async () => {
        const { ask, asked } = await given(scenario);
        const error = await failure(ask());
        expect(expected.kinds).toContain(error.kind);
        expect(error.transient).toBe(expected.transient);
        expect(error.message).toMatch(/^[^\n]{1,400}$/);
        // A provider that gives up early may do so before its request has arrived.
        if (error.kind === 'timeout') expect(asked()).toBeLessThanOrEqual(1);
        else expect(asked()).toBe(1);
      });
    }

    test('E4: the wait that the endpoint asks for is passed on', async () => {
      const { ask } = await given('rate_limited');
      expect((await failure(ask())).retry_after_ms).toBe(CONTRACT_RETRY_AFTER_MS);
    });

    test('D10: what its clearance does not cover is not sent, whoever asks', async () => {
      const { provider, asked, ask, sent } = await given('answer');
      const above = CONFIDENTIALITY.slice(CONFIDENTIALITY.indexOf(provider.clearance.confidentiality) + 1);
      const others = CATEGORIES.filter((category) => !provider.clearance.categories.includes(category));
      const labels = [
        ...above.map((confidentiality) => ({ confidentiality, categories: [] })),
        ...others.map((category) => ({ confidentiality: 'public' as const, categories: [category] })),
      ];
      // A clearance for everything proves nothing here.
      expect(labels).not.toEqual([]);
      for (const label of labels) {
        expect(await failure(ask({ label }))).toMatchObject({ kind: 'not_cleared', transient: false });
      }
      expect([asked(), sent]).toEqual([0, []]);
      const { clearance } = provider;
      await ask({ label: { confidentiality: clearance.confidentiality, categories: [...clearance.categories] } });
      expect(asked()).toBe(1);
    });

    test('an aborted call ends at once', async () => {
      for (const scenario of ['slow', 'stalled'] as const) {
        const { ask } = await given(scenario);
        const controller = new AbortController();
        const running = ask({}, controller.signal);
        controller.abort();
        expect((await failure(running)).kind).toBe('timeout');
      }
    });
  });
}

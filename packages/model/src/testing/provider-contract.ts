import { CATEGORIES, CONFIDENTIALITY } from '@portreeve/contract';
import { afterEach, describe, expect, test } from 'vitest';
import { type Provider, ProviderError, type ProviderErrorKind, type ProviderRequest } from '../ports.ts';

/** What the endpoint behind a provider does in one case of the suite. */
export const PROVIDER_SCENARIOS = [
  'answer',
  'refusal',
  'truncated',
  'empty',
  'rate_limited',
  'spend_limit',
  'overloaded',
  'server_error',
  'bad_request',
  'unauthorised',
  'forbidden',
  'not_found',
  'too_large_request',
  'unprocessable',
  'cut',
  'cut_short',
  'garbage',
  'other_shape',
  'redirect',
  'oversize',
  'slow',
  'stalled',
] as const;
export type ProviderScenario = (typeof PROVIDER_SCENARIOS)[number];

/** The answer of the scenario `answer`. */
export const CONTRACT_ANSWER = { summary: 'the log was cleared' };
/** Milliseconds that the scenario `rate_limited` asks to wait. */
export const CONTRACT_RETRY_AFTER_MS = 1500;

/**
 * Makes a provider whose endpoint behaves as `scenario` says for each request. The provider must give up after about
 * 150 ms. `asked` counts the requests that arrived.
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
  cut: { kinds: ['connection'], transient: true },
  cut_short: { kinds: ['connection', 'broken_answer'], transient: true },
  garbage: { kinds: ['broken_answer'], transient: true },
  other_shape: { kinds: ['broken_answer'], transient: true },
  redirect: { kinds: ['connection'], transient: true },
  oversize: { kinds: ['too_large'], transient: false },
  slow: { kinds: ['timeout'], transient: true },
  stalled: { kinds: ['timeout'], transient: true },
};

/** What every {@link Provider} keeps to (requirements E1, E2): one attempt, the words of the port, nothing else. */
export function providerContract(name: string, make: MakeProvider): void {
  describe(`provider contract: ${name}`, () => {
    const open: (() => Promise<void>)[] = [];
    afterEach(async () => {
      for (const close of open.splice(0)) await close();
    });
    const given = async (scenario: ProviderScenario) => {
      const made = await make(scenario);
      open.push(made.close);
      return made;
    };
    const signal = () => new AbortController().signal;

    test('it says what it is', async () => {
      const { provider } = await given('answer');
      expect(provider.name).not.toBe('');
      expect(provider.model).not.toBe('');
      expect(typeof provider.simulated).toBe('boolean');
      expect(provider.clearance).toHaveProperty('confidentiality');
    });

    test('an answer comes back with its model, its tokens and the request id', async () => {
      const { provider } = await given('answer');
      const answer = await provider.complete(QUESTION, signal());
      expect(JSON.parse(answer.text)).toEqual(CONTRACT_ANSWER);
      expect(answer).toMatchObject({ stop_reason: 'end_turn', refusal: null });
      expect(answer.model).not.toBe('');
      expect(answer.request_id).not.toBeNull();
      expect(answer.input_tokens).toBeGreaterThan(0);
      expect(answer.output_tokens).toBeGreaterThan(0);
    });

    test('E7: a refusal is an answer, with its category', async () => {
      const { provider } = await given('refusal');
      const answer = await provider.complete(QUESTION, signal());
      expect(answer.stop_reason).toBe('refusal');
      expect(answer.refusal).toEqual({ category: 'cyber', explanation: expect.any(String) });
    });

    test('E7: a truncated and an empty answer keep their stop reason and text', async () => {
      const { provider } = await given('truncated');
      expect((await provider.complete(QUESTION, signal())).stop_reason).toBe('max_tokens');
      const { provider: other } = await given('empty');
      expect(await other.complete(QUESTION, signal())).toMatchObject({ stop_reason: 'end_turn', text: '' });
    });

    for (const [scenario, expected] of Object.entries(FAILURES) as [
      ProviderScenario,
      { kinds: string[]; transient: boolean },
    ][]) {
      test(`E4: ${scenario}: one attempt, ${expected.transient ? 'transient' : 'permanent'}`, async () => {
        const { provider, asked } = await given(scenario);
        const error = await provider.complete(QUESTION, signal()).catch((thrown: unknown) => thrown);
        expect(error).toBeInstanceOf(ProviderError);
        const failure = error as ProviderError;
        expect(expected.kinds).toContain(failure.kind);
        expect(failure.transient).toBe(expected.transient);
        expect(failure.message).toMatch(/^[^\n]{1,400}$/);
        // A provider that gives up early may do so before its request has arrived.
        if (failure.kind === 'timeout') expect(asked()).toBeLessThanOrEqual(1);
        else expect(asked()).toBe(1);
      });
    }

    test('E4: the wait that the endpoint asks for is passed on', async () => {
      const { provider } = await given('rate_limited');
      const error = await provider.complete(QUESTION, signal()).catch((thrown: unknown) => thrown);
      expect((error as ProviderError).retry_after_ms).toBe(CONTRACT_RETRY_AFTER_MS);
    });

    test('D10: what its clearance does not cover is not sent, whoever asks', async () => {
      const { provider, asked } = await given('answer');
      const above = CONFIDENTIALITY.slice(CONFIDENTIALITY.indexOf(provider.clearance.confidentiality) + 1);
      const others = CATEGORIES.filter((category) => !provider.clearance.categories.includes(category));
      const labels = [
        ...above.map((confidentiality) => ({ confidentiality, categories: [] })),
        ...others.map((category) => ({ confidentiality: 'public' as const, categories: [category] })),
      ];
      // A clearance for everything proves nothing here.
      expect(labels).not.toEqual([]);
      for (const label of labels) {
        const error = await provider.complete({ ...QUESTION, label }, signal()).catch((thrown: unknown) => thrown);
        expect(error).toMatchObject({ name: 'ProviderError', kind: 'not_cleared', transient: false });
      }
      expect(asked()).toBe(0);
      const { clearance } = provider;
      const all = { confidentiality: clearance.confidentiality, categories: [...clearance.categories] };
      await provider.complete({ ...QUESTION, label: all }, signal());
      expect(asked()).toBe(1);
    });

    test('an aborted call ends at once', async () => {
      const { provider } = await given('slow');
      const controller = new AbortController();
      const running = provider.complete(QUESTION, controller.signal);
      controller.abort();
      await expect(running).rejects.toBeInstanceOf(ProviderError);
    });
  });
}

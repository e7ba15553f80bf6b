import { asId, fixedClock } from '@portreeve/contract';
import { describe, expect, test } from 'vitest';
import { NO_USAGE, ProviderError } from './ports.ts';
import { createResilience, localSharing, type ResilienceOptions, type Sending } from './resilience.ts';
import type { Amount, Budgets } from './volume/budgets.ts';

const silent = async (): Promise<string> => {
  throw new ProviderError('status', 'down', { transient: true, status: 503 });
};
const USED = { ...NO_USAGE, input_tokens: 90, output_tokens: 10 };

function given(options: Partial<ResilienceOptions> = {}, random = () => 0.5, budgets?: Budgets) {
  const clock = fixedClock('2026-11-20T10:00:00Z');
  const told: string[] = [];
  const slept: number[] = [];
  const resilience = createResilience({
    ...{ endpoint: 'claude', clock, options, random },
    health: (state) => told.push(state),
    sleep: async (ms) => {
      slept.push(ms);
      clock.advance(ms);
    },
    shared: { ...localSharing(clock), ...(budgets && { budgets }) },
  });
  const sending = (more: Partial<Sending<string>> = {}): Sending<string> => ({
    deadline: clock.now().getTime() + 60_000,
    signal: new AbortController().signal,
    asker: { workflow: 'refund', priority: 'background' },
    payer: null,
    most: { input_tokens: 100, output_tokens: 50 },
    used: () => USED,
    cost: ({ input_tokens, output_tokens }) => input_tokens + 10 * output_tokens,
    ...more,
  });
  return { clock, told, slept, resilience, sending };
}

test('C5 E4: the circuit tells when it opens, and each answer tells that the endpoint is back', async () => {
  const { clock, told, resilience, sending } = given({
    ...{ attempts_max: 1, breaker_failures: 2, breaker_half_open_after_ms: 1000 },
  });
  await expect(resilience.run(silent, sending())).rejects.toMatchObject({ why: 'attempts' });
  expect(told).toEqual([]);
  await expect(resilience.run(silent, sending())).rejects.toMatchObject({ why: 'attempts' });
  expect(told).toEqual(['silent']);
  await expect(resilience.run(async () => 'hello', sending())).rejects.toMatchObject({
    ...{ why: 'circuit_open', retry_after_ms: 1000, message: '2 attempts in a row failed: down' },
  });
  expect(resilience.wait()).toBe(1000);
  clock.advance(1001);
  expect(await resilience.run(async () => 'hello', sending())).toBe('hello');
  expect(told).toEqual(['silent', 'answers']);
});

describe('E4: full jitter', () => {
  test.each([
    [0, [0, 0, 0]],
    [0.5, [500, 1000, 2000]],
    [0.999, [999, 1998, 3996]],
  ])('a wait is any part of a bound that doubles: %s of it', async (random, waits) => {
    const { slept, resilience, sending } = given({ backoff_first_ms: 1000 }, () => random);
    await expect(resilience.run(silent, sending())).rejects.toMatchObject({ why: 'attempts' });
    expect(slept).toEqual(waits);
  });

  test('the hint goes before our own wait, and one that is longer than what is left is passed on', async () => {
    const hint = async (): Promise<string> => {
      throw new ProviderError('status', 'slow down', { transient: true, status: 429, retry_after_ms: 90_000 });
    };
    const { slept, resilience, sending } = given();
    await expect(resilience.run(hint, sending())).rejects.toMatchObject({ why: 'deadline', retry_after_ms: 90_000 });
    expect(slept).toEqual([]);
  });
});

describe('E5: a rate limit’s hint is for all that is asked', () => {
  const limited = (status: number, retry_after_ms: number | null) => async (): Promise<string> => {
    throw new ProviderError('status', 'slow down', { transient: true, status, retry_after_ms });
  };

  test('another question waits for as long, and is sent then', async () => {
    const { clock, slept, resilience, sending } = given({ attempts_max: 1 });
    await expect(resilience.run(limited(429, 6000), sending())).rejects.toMatchObject({ why: 'attempts' });
    const from = clock.now().getTime();
    expect(await resilience.run(async () => 'hello', sending())).toBe('hello');
    expect(clock.now().getTime() - from).toBeGreaterThanOrEqual(6000);
    expect(slept).toHaveLength(1);
  });

  test('one that may not wait so long is told at once when to come again', async () => {
    const { slept, resilience, sending } = given({ attempts_max: 1 });
    await expect(resilience.run(limited(529, 40_000), sending())).rejects.toMatchObject({ why: 'attempts' });
    const hello = resilience.run(async () => 'hello', sending());
    await expect(hello).rejects.toMatchObject({ why: 'busy', retry_after_ms: 40_000 });
    await expect(hello).rejects.toThrow('the vendor asked for a pause');
    expect(slept).toEqual([]);
  });

  test.each([
    [409, 6000],
    [429, null],
    [500, 6000],
  ])('status %s with the hint %s holds back nobody else', async (status, hint) => {
    const { slept, resilience, sending } = given({ attempts_max: 1 });
    await expect(resilience.run(limited(status, hint), sending())).rejects.toMatchObject({ why: 'attempts' });
    expect(await resilience.run(async () => 'hello', sending())).toBe('hello');
    expect(slept).toEqual([]);
  });
});

test('E4: an endpoint that answers too slowly is left alone as one that fails', async () => {
  const { clock, told, resilience, sending } = given({ latency_objective_ms: 500, window_calls_min: 4 });
  const slow = async () => {
    clock.advance(501);
    return 'late';
  };
  for (let n = 0; n < 4; n++) expect(await resilience.run(slow, sending())).toBe('late');
  expect(told.at(-1)).toBe('silent');
  await expect(resilience.run(slow, sending())).rejects.toMatchObject({ why: 'circuit_open' });
});

test('E4: a rate limit, a conflict and a refused question open no circuit', async () => {
  const { told, resilience, sending } = given({ attempts_max: 1, breaker_failures: 1 });
  for (const [status, transient] of [
    [429, true],
    [409, true],
    [400, false],
  ] as const) {
    const fails = async (): Promise<string> => {
      throw new ProviderError('status', 'no', { transient, status });
    };
    await expect(resilience.run(fails, sending())).rejects.toThrow('no');
  }
  expect(told).toEqual([]);
  expect(resilience.wait()).toBe(0);
});

describe('E4: the bulkhead', () => {
  test('no more calls are under way than the endpoint may have; the next begins when one ends', async () => {
    const { resilience, sending } = given({ concurrency_max: 2 });
    const ends: (() => void)[] = [];
    const work = () => new Promise<string>((end) => ends.push(() => end('done')));
    const runs = [1, 2, 3].map(() => resilience.run(work, sending()));
    await expect.poll(() => ends.length).toBe(2);
    ends[0]?.();
    expect(await runs[0]).toBe('done');
    await expect.poll(() => ends.length).toBe(3);
    for (const end of ends) end();
    await Promise.all(runs);
  });

  test('what cannot wait here is told at once when to come again', async () => {
    const { resilience, sending } = given({ concurrency_max: 1, queue_max: 1 });
    const { promise, resolve: end } = Promise.withResolvers<string>();
    const first = resilience.run(() => promise, sending());
    const second = resilience.run(async () => 'second', sending());
    await expect(resilience.run(async () => 'third', sending())).rejects.toMatchObject({
      ...{ why: 'busy', retry_after_ms: 1000 },
    });
    end('first');
    expect(await Promise.all([first, second])).toEqual(['first', 'second']);
  });

  test('one that is given up in the queue is never sent', async () => {
    const { resilience, sending } = given({ concurrency_max: 1 });
    const { promise, resolve: end } = Promise.withResolvers<string>();
    const first = resilience.run(() => promise, sending());
    const controller = new AbortController();
    let sent = false;
    const send = async () => {
      sent = true;
      return 'sent';
    };
    const second = resilience.run(send, sending({ signal: controller.signal }));
    controller.abort(new Error('the caller has gone'));
    await expect(second).rejects.toThrow('the caller has gone');
    end('first');
    await first;
    expect(sent).toBe(false);
  });
});

test('E5: a limit is waited for where it is near, and told of where it is far', async () => {
  const { clock, slept, resilience, sending } = given({ requests_per_minute: 12, queue_wait_max_ms: 10_000 });
  const from = clock.now().getTime();
  for (let n = 0; n < 4; n++) await resilience.run(async () => 'answer', sending());
  expect(slept.length).toBeGreaterThanOrEqual(3);
  expect(clock.now().getTime() - from).toBeGreaterThanOrEqual(3 * 5000 - 300);
  const short = sending({ deadline: clock.now().getTime() + 1000 });
  await expect(resilience.run(async () => 'answer', short)).rejects.toMatchObject({ why: 'busy' });
});

describe('E5: what a question costs', () => {
  const payer = { run: asId('run', 'run_1'), workflow: 'refund', owner: 'finance' };
  function ledger() {
    const reserved: Amount[] = [];
    const settled: Amount[] = [];
    const budgets: Budgets = {
      async reserve(_id, _payer, most) {
        reserved.push(most);
        return null;
      },
      async settle(_id, used) {
        settled.push(used);
      },
    };
    return { reserved, settled, budgets };
  }

  test('is kept back before it is sent and put right when the answer is there', async () => {
    const { reserved, settled, budgets } = ledger();
    const { resilience, sending } = given({}, undefined, budgets);
    await resilience.run(async () => 'answer', sending({ payer }));
    expect(reserved).toEqual([{ tokens: 150, micros: 600 }]);
    expect(settled).toEqual([{ tokens: 100, micros: 190 }]);
  });

  test('is nothing for an attempt that was refused, and the input for one that was cut off', async () => {
    const { settled, budgets } = ledger();
    const { resilience, sending } = given({ attempts_max: 2 }, undefined, budgets);
    let first = true;
    const fails = async (): Promise<string> => {
      const kind = first ? 'status' : 'timeout';
      const facts = first ? { transient: true, status: 529 } : { transient: true };
      first = false;
      throw new ProviderError(kind, 'no', facts);
    };
    await expect(resilience.run(fails, sending({ payer }))).rejects.toThrow('no');
    expect(settled).toEqual([
      { tokens: 0, micros: 0 },
      { tokens: 100, micros: 100 },
    ]);
  });

  test('is what the vendor had counted by then, where a stream broke off', async () => {
    const { settled, budgets } = ledger();
    const { resilience, sending } = given({ attempts_max: 1 }, undefined, budgets);
    const fails = async (): Promise<string> => {
      const usage = { ...NO_USAGE, input_tokens: 80, output_tokens: 5 };
      throw new ProviderError('status', 'within the stream', { transient: true, usage });
    };
    await expect(resilience.run(fails, sending({ payer }))).rejects.toThrow('within');
    expect(settled).toEqual([{ tokens: 85, micros: 130 }]);
  });

  test('may be written to the vendor’s cache: what that costs more is kept back too', async () => {
    const { reserved, settled, budgets } = ledger();
    const { resilience, sending } = given({}, undefined, budgets);
    const cost: Sending<string>['cost'] = ({ input_tokens, cache_write_tokens }) => input_tokens + cache_write_tokens;
    await resilience.run(
      async () => 'answer',
      sending({ payer, cost, used: () => ({ ...USED, cache_write_tokens: 90 }) }),
    );
    expect(reserved).toEqual([{ tokens: 150, micros: 200 }]);
    expect(settled).toEqual([{ tokens: 100, micros: 180 }]);
  });

  test('where a budget is short nothing is sent, and it says which and how much', async () => {
    const shortfall = {
      ...{ budget: 'owner:finance', month: '2026-11', unit: 'micros' as const },
      ...{ limit: 1000, used: 900, reserved: 50, asked: 600 },
    };
    const { resilience, sending } = given({}, undefined, {
      reserve: async () => shortfall,
      settle: async () => undefined,
    });
    let sent = false;
    const send = async () => {
      sent = true;
      return 'sent';
    };
    const asked = resilience.run(send, sending({ payer }));
    await expect(asked).rejects.toMatchObject({ why: 'budget', shortfall });
    expect(sent).toBe(false);
  });
});

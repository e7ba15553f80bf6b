import { fixedClock } from '@portreeve/contract';
import { describe, expect, test } from 'vitest';
import { tracePush } from './push-traces.ts';
import type { EndedSpan } from './tracing.ts';

const clock = fixedClock('2026-11-21T10:00:00.000Z');
const about = { version: '1.2.3', environment: 'production', instance: 'one' };
const config = { system: 'collector', path: '/v1/traces', token: 'collector-token', every_s: 5, per_mille: 1000 };
const span: EndedSpan = {
  ...{ trace: 'a'.repeat(32), span: 'b'.repeat(16), parent: null, name: 'portreeve.run', kind: 1 },
  ...{ from: 1_000_000n, to: 2_000_000n, failed: true, link: { trace: 'c'.repeat(32), span: 'd'.repeat(16) } },
  attributes: { text: 'x', whole: 7, part: 0.5, yes: true, list: ['a'] },
};

/** A push to a receiver that answers as it is told. */
function pushTo(answer: () => Response | Error) {
  const requests: { url: string; headers: Record<string, string>; body: string }[] = [];
  const push = tracePush({ config, clock, about });
  push.open({
    systems: { collector: { url: 'https://collector.example:4318/', private: false } },
    secrets: { read: async (name) => `the ${name}` },
    egress: {
      fetch: (async (url: URL, init: { headers: Record<string, string>; body: string }) => {
        requests.push({ url: String(url), headers: init.headers, body: init.body });
        const given = answer();
        if (given instanceof Error) throw given;
        return given;
      }) as never,
    },
  });
  return { push, requests };
}

const accepted = () => new Response('{}');

describe('J4: spans are sent by OTLP, and nothing waits for it', () => {
  test('J4: as an ExportTraceServiceRequest in JSON', async () => {
    const { push, requests } = pushTo(accepted);
    push.sink!.take(span);
    await push.push();
    await push.push();
    expect(requests).toHaveLength(1);
    const [{ url, headers, body }] = requests as [(typeof requests)[number]];
    expect(url).toBe('https://collector.example:4318/v1/traces');
    expect(headers).toMatchObject({ 'content-type': 'application/json', authorization: 'Bearer the collector-token' });
    const [{ resource, scopeSpans }] = JSON.parse(body).resourceSpans;
    expect(resource.attributes).toContainEqual({ key: 'service.instance.id', value: { stringValue: 'one' } });
    expect(scopeSpans[0].spans).toEqual([
      {
        ...{ traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), name: 'portreeve.run', kind: 1 },
        ...{ startTimeUnixNano: '1000000', endTimeUnixNano: '2000000', status: { code: 2 } },
        links: [{ traceId: 'c'.repeat(32), spanId: 'd'.repeat(16) }],
        attributes: [
          { key: 'text', value: { stringValue: 'x' } },
          { key: 'whole', value: { intValue: '7' } },
          { key: 'part', value: { doubleValue: 0.5 } },
          { key: 'yes', value: { boolValue: true } },
          { key: 'list', value: { arrayValue: { values: [{ stringValue: 'a' }] } } },
        ],
      },
    ]);
    expect([push.counts(), push.state()]).toMatchObject([{ sent: 1, dropped: 0 }, { problem: null }]);
  });

  test('J4: a receiver that is away is tried again; what it refuses for good is dropped and counted', async () => {
    const answers: (Response | Error)[] = [
      new Error('ECONNREFUSED 10.1.2.3'),
      new Response('', { status: 503 }),
      new Response('', { status: 400 }),
    ];
    const { push, requests } = pushTo(() => answers.shift() ?? accepted());
    push.sink!.take(span);
    const problems: unknown[] = [];
    for (let tries = 0; tries < 4; tries++) {
      await push.push();
      problems.push(push.state()?.problem);
    }
    expect(problems).toEqual([
      'it cannot be reached',
      'the receiver answered 503',
      ...Array(2).fill('the receiver answered 400'),
    ]);
    expect([requests.length, push.counts()]).toEqual([3, { sent: 0, dropped: 1 }]);
  });

  test('J4: what waits is bounded: nothing grows while the receiver is away', async () => {
    const { push, requests } = pushTo(() => new Error('away'));
    for (let count = 0; count < 5000; count++) push.sink!.take(span);
    expect(push.counts()).toEqual({ sent: 0, dropped: 5000 - 4096 });
    await push.push();
    // The first batch says that it is away: the others are not tried.
    expect(requests).toHaveLength(1);
  });

  test('J4: a stop sends what is left, once', async () => {
    const { push, requests } = pushTo(accepted);
    push.sink!.take(span);
    await push.close();
    expect([requests.length, push.counts().sent]).toEqual([1, 1]);
  });

  test('J4: where nothing is configured there is no sink; a receiver that is no declared system is refused', async () => {
    const none = tracePush({ config: undefined, clock, about });
    await none.push();
    await none.close();
    expect([none.sink, none.state(), none.counts()]).toEqual([null, null, { sent: 0, dropped: 0 }]);
    const push = tracePush({ config, clock, about });
    const nothing = { read: async () => '' };
    expect(() => push.open({ systems: {}, secrets: nothing, egress: { fetch: (() => null) as never } })).toThrow(
      expect.objectContaining({ code: 'misconfigured' }),
    );
  });
});

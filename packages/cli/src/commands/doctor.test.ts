import { expect, test } from 'vitest';
import { channelCheck, streamCheck } from './doctor.ts';

const now = Date.parse('2026-11-21T09:10:00.000Z');
const stream = { name: 'siem', log: 'main', to: 's3', lag: 0, waiting_since: null, problem: null };

test('G8: a stream is well while records do not wait long; what hinders it is said', () => {
  expect(streamCheck(stream, now)).toEqual({ name: 'stream', ok: true, detail: 'siem (s3): nothing of main waits' });
  const waiting = { ...stream, lag: 7, waiting_since: '2026-11-21T09:05:01.000Z' };
  expect(streamCheck(waiting, now)).toMatchObject({
    ok: true,
    detail: 'siem (s3): 7 records of main wait, the oldest for 4 min',
  });
  expect(streamCheck({ ...waiting, waiting_since: '2026-11-21T09:05:00.000Z' }, now)).toMatchObject({ ok: false });
  const failing = streamCheck({ ...waiting, problem: 'the receiver answered 503' }, now);
  expect(failing).toMatchObject({
    ok: false,
    detail: expect.stringMatching(/503$/),
    next: expect.stringMatching(/tried again/),
  });
});

test('I7: a channel that nobody is reached by is a fault, with what to do', () => {
  const channel = { name: 'leads', kind: 'slack', waiting: 0, sent_at: null, problem: null, failed: 0 };
  expect(channelCheck(channel)).toEqual({
    ...{ name: 'channel', ok: true },
    detail: 'leads (slack): nothing waits; nothing sent yet',
  });
  expect(channelCheck({ ...channel, waiting: 2, failed: 1, problem: 'the receiver answered 404' })).toEqual({
    ...{ name: 'channel', ok: false },
    detail: 'leads (slack): 2 wait; nothing sent yet; 1 given up within a day; the receiver answered 404',
    next: 'Mend it, then: portreeve notifications test leads',
  });
});

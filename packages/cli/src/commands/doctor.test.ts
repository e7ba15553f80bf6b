import { expect, test } from 'vitest';
import { streamCheck } from './doctor.ts';

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

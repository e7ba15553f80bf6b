import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { isPortreeveError } from '@portreeve/contract';
import { describe, expect, test } from 'vitest';
import { createInFlight } from './in-flight.ts';
import type { Route } from './route.ts';
import { routes } from './routes/index.ts';

const named = (url: string): Route => {
  const found = routes.find((each) => each.url === url);
  if (!found) throw new Error(`there is no route ${url}`);
  return found;
};
const runs = named('/v1/runs');
const decide = named('/v1/approvals/:id/verdicts');

describe('E5: overload', () => {
  const full = () => {
    const enter = createInFlight({ ordinary: 2, ahead: 1 });
    const ask = (route: Route) => {
      const response = new EventEmitter();
      enter(route, response as ServerResponse);
      return () => response.emit('close');
    };
    return { ask, left: [ask(runs), ask(runs)] };
  };
  const refusalOf = (work: () => unknown) => {
    try {
      work();
    } catch (error) {
      if (isPortreeveError(error, 'overloaded')) return error;
      throw error;
    }
    return null;
  };

  test('what is beyond is turned away with a time to come again, and let in once there is room', () => {
    const { ask, left } = full();
    expect(refusalOf(() => ask(runs))).toMatchObject({ status: 503, extra: { retry_after_s: 1 } });
    left[0]!();
    expect(refusalOf(() => ask(runs))).toBeNull();
    expect(refusalOf(() => ask(runs))).not.toBeNull();
  });

  test('a person decides all the same, up to a bound of their own', () => {
    const { ask } = full();
    const leave = ask(decide);
    expect(refusalOf(() => ask(decide))).not.toBeNull();
    leave();
    for (const url of ['/v1/environment/freezes', '/v1/sessions', '/healthz', '/metrics']) ask(named(url))();
  });

  test('an answer that is over is counted once, and events are not counted', () => {
    const { ask, left } = full();
    left[0]!();
    left[0]!();
    ask(runs);
    expect(refusalOf(() => ask(runs))).not.toBeNull();
    for (const route of routes.filter(({ stream }) => stream === 'text/event-stream')) ask(route);
  });
});

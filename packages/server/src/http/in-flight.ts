import type { ServerResponse } from 'node:http';
import { PortreeveError } from '@portreeve/contract';
import type { Route } from './route.ts';

/** How many requests one process works on at a time: `ordinary` of any kind, and `ahead` more of those that go first. */
export interface InFlight {
  readonly ordinary: number;
  readonly ahead: number;
}

/** What stands before one then waits for about a second, on a machine with two cores. */
export const IN_FLIGHT: InFlight = { ordinary: 192, ahead: 64 };
const RETRY_AFTER_S = 1;
/** What people do with their own hands, and what tells them how the house is. */
const PEOPLE = /^(session|sessions|passkeys|approvals|environment|queue|notices|system|metrics)\./;

/**
 * Turns a request away at once where as many are under way as one process works on (`overloaded`, 503 with `Retry-After`),
 * before its body is read or anybody is asked who it is. People go ahead: to sign in, to decide, to freeze and to finish
 * their work there is room when there is none for anything else. Streams of events do not count: most of their time they
 * wait, and `/mcp`, which is one, has limits of its own.
 */
export function createInFlight({ ordinary, ahead }: InFlight): (route: Route, response: ServerResponse) => void {
  let underWay = 0;
  return (route, response) => {
    if (route.stream === 'text/event-stream') return;
    const goesFirst = route.operation === 'public' || PEOPLE.test(route.operation);
    if (underWay >= (goesFirst ? ordinary + ahead : ordinary))
      throw new PortreeveError('overloaded', `${underWay} requests are under way here, as many as may be.`, {
        extra: { retry_after_s: RETRY_AFTER_S },
      });
    underWay++;
    // Answered or broken off, once.
    response.once('close', () => {
      underWay--;
    });
  };
}

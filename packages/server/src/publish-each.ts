import type { PlaceStatus, Publisher } from '@portreeve/audit';
import { isPortreeveError, PortreeveError } from '@portreeve/contract';

/** How a place outside is, as seen from one log. */
export interface LogPlace extends PlaceStatus {
  /** The name of the log. */
  readonly log: string;
}

/** A place outside, and how much of a log it had seen. */
export interface Seen extends Pick<PlaceStatus, 'kind' | 'name' | 'size'> {
  /** The origin of the log. */
  readonly log: string;
}

/** Shows every log to the places outside. */
export interface LogsPublisher {
  publish(): Promise<void>;
  /** Throws `log_broken` where a place has seen more of a log than it holds, for all such logs together. */
  assertNotBehind(accepted?: readonly Seen[]): Promise<void>;
  status(): readonly LogPlace[];
}

export function publishEach(
  logs: readonly { readonly name: string; readonly origin: string; readonly publisher: Publisher }[],
): LogsPublisher {
  return {
    publish: async () => {
      await Promise.all(logs.map(({ publisher }) => publisher.publish()));
    },
    async assertNotBehind(accepted = []) {
      const asked = await Promise.allSettled(
        logs.map(({ origin, publisher }) => publisher.assertNotBehind(accepted.filter(({ log }) => log === origin))),
      );
      const behind: string[] = [];
      for (const [i, each] of asked.entries()) {
        if (each.status === 'fulfilled') continue;
        if (!isPortreeveError(each.reason, 'log_broken')) throw each.reason;
        behind.push(logs.length === 1 ? each.reason.detail : `${logs[i]!.origin}: ${each.reason.detail}`);
      }
      if (behind.length > 0) throw new PortreeveError('log_broken', behind.join(' '));
    },
    status: () =>
      logs.flatMap(({ name, publisher }) => publisher.status().map((place): LogPlace => ({ ...place, log: name }))),
  };
}

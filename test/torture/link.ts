import type { AddressInfo } from 'node:net';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** One way through a link: from who connects, or to it. */
export type Way = 'there' | 'back';

/** A wire between two processes that a test can cut, slow down, and make lose what goes one way. */
export interface Link {
  /** Whoever connects here is led on. */
  readonly port: number;
  /** Where new connections lead from now on; those that are open break. */
  lead(port: number): void;
  /** Every connection breaks, and no new one comes about. */
  cut(): void;
  /** What goes this way vanishes, and nobody is told. */
  lose(way: Way): void;
  /** Each piece arrives so many milliseconds later. */
  slow(ms: number): void;
  /** As at first. Connections that have lost something break, as they would without an answer. */
  heal(): void;
  close(): Promise<void>;
}

interface Pair {
  readonly ends: readonly [Socket, Socket];
  hasLost: boolean;
}

const BOTH_WELL = { there: false, back: false };

/** Opens a link to a port of the loopback, at an address of this machine. */
export async function openLink(to: number, at = '127.0.0.1'): Promise<Link> {
  let target = to;
  let isCut = false;
  let lost: Record<Way, boolean> = BOTH_WELL;
  let late_ms = 0;
  const pairs = new Set<Pair>();
  const breakAll = (which: (pair: Pair) => boolean) => {
    for (const pair of pairs) if (which(pair)) for (const end of pair.ends) end.resetAndDestroy();
  };

  const carry = (pair: Pair, way: Way, from: Socket, into: Socket): void => {
    // One piece after another, however late each is.
    let last: Promise<unknown> = Promise.resolve();
    from.on('data', (piece: Buffer) => {
      if (lost[way]) {
        pair.hasLost = true;
        return;
      }
      const due = late_ms === 0 ? null : delay(late_ms);
      last = last.then(async () => {
        await due;
        if (into.destroyed || into.write(piece)) return;
        from.pause();
        into.once('drain', () => from.resume());
      });
    });
    from.once('end', () => void last.then(() => into.end()));
    from.on('error', () => into.destroy());
    from.once('close', () => void last.then(() => into.destroy()));
  };

  const server: Server = createServer({ allowHalfOpen: true }, (near) => {
    if (isCut) {
      near.resetAndDestroy();
      return;
    }
    const far = connect({ port: target, host: '127.0.0.1', allowHalfOpen: true });
    const pair: Pair = { ends: [near, far], hasLost: false };
    pairs.add(pair);
    far.once('close', () => pairs.delete(pair));
    for (const end of pair.ends) end.setNoDelay(true);
    carry(pair, 'there', near, far);
    carry(pair, 'back', far, near);
  });
  await new Promise<void>((listening) => server.listen(0, at, listening));

  return {
    port: (server.address() as AddressInfo).port,
    lead(port) {
      target = port;
      breakAll(() => true);
    },
    cut() {
      isCut = true;
      breakAll(() => true);
    },
    lose(way) {
      lost = { ...lost, [way]: true };
    },
    slow(ms) {
      late_ms = ms;
    },
    heal() {
      isCut = false;
      lost = BOTH_WELL;
      late_ms = 0;
      breakAll(({ hasLost }) => hasLost);
    },
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        breakAll(() => true);
      }),
  };
}

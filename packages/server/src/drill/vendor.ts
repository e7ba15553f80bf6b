import { startSimulatedServer } from '@portreeve/model/simulated';

export interface DrillVendor {
  readonly url: string;
  readonly model: string;
  /** Each attempt that arrived: when, and whether it was cut off. */
  readonly attempts: readonly { readonly at: number; readonly cut: boolean }[];
  /** From now on every connection breaks off without an answer, or no more. */
  cut(off: boolean): void;
  close(): Promise<void>;
}

/** A simulated model whose vendor can cut it off. */
export async function startDrillVendor(): Promise<DrillVendor> {
  let off = false;
  const attempts: { at: number; cut: boolean }[] = [];
  const server = await startSimulatedServer({
    cut: () => {
      attempts.push({ at: Date.now(), cut: off });
      return off;
    },
  });
  return {
    url: server.url,
    model: server.model,
    attempts,
    cut(to) {
      off = to;
    },
    close: () => server.close(),
  };
}

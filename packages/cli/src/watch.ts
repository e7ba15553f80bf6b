import type { Client } from './client.ts';
import { printable } from './output.ts';
import { stageLines } from './render/stages.ts';

export interface Watched {
  /** `ended`, or `waiting` where the run waits for a person and nobody is to wait with it. */
  readonly state: 'ended' | 'waiting' | 'stopped';
  /** The newest approval that was asked for. */
  readonly approval: string | null;
  /** The index of the record of the execution's result. */
  readonly result: number | null;
  /** Whether something that it proposed was refused, denied or failed, or is not known to have happened. */
  readonly heldBack: boolean;
}

/**
 * Follows a run, a line a stage. `onApproval` is told of each approval that is asked for; where it gives `false` the
 * watching stops there.
 */
export async function watchRun(
  client: Client,
  run: string,
  options: {
    print: (line: string) => void;
    signal: AbortSignal;
    onApproval: (approval: string, closed: AbortSignal) => Promise<boolean>;
  },
): Promise<Watched> {
  let approval: string | null = null;
  let result: number | null = null;
  let heldBack = false;
  /** Proposals whose call failed, or of which nobody knows. */
  const lost = new Set<string>();
  let closing = new AbortController();
  let asking: Promise<boolean> = Promise.resolve(true);
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);

  for await (const { type, data } of client.runEvents(run, signal)) {
    for (const line of stageLines(type, data.data, named(data))) options.print(line);
    if (data.acceptable_use)
      options.print(`            acceptable use: ${printable(data.acceptable_use)} in the console`);
    if (type === 'approval.requested') {
      approval = data.entry.refs.approval as string;
      closing = new AbortController();
      asking = options.onApproval(approval, closing.signal).then((goOn) => {
        if (!goOn) stop.abort();
        return goOn;
      });
      // Its failure is thrown where the run is awaited again, below.
      asking.catch(() => stop.abort());
    }
    if (type === 'approval.closed') {
      if (data.data?.state !== 'approved') heldBack = true;
      closing.abort();
      await asking;
    }
    if (type === 'decision.made' && data.entry.outcome === 'refuse') heldBack = true;
    if (type === 'execution.result') {
      result = data.entry.index;
      if (data.entry.outcome === 'succeeded') lost.delete(data.entry.refs.proposal);
      else lost.add(data.entry.refs.proposal);
    }
    // What became of a call was learned, and a question that got no answer is no trouble of the run's own.
    if (type === 'settlement.tried' && data.data?.asked) lost.delete(data.data.asked);
    if (type === 'settlement.ended' && data.entry.outcome === 'happened') lost.delete(data.entry.refs.proposal);
    if (type === 'run.ended') return { state: 'ended', approval, result, heldBack: heldBack || lost.size > 0 };
  }
  return { state: (await asking) ? 'stopped' : 'waiting', approval, result, heldBack: heldBack || lost.size > 0 };
}

/** The entry with the name of who did it, which stands in the payload; the id where that is erased. */
// biome-ignore lint/suspicious/noExplicitAny: a record as the API answers it
function named({ entry, actor_name }: any) {
  return { ...entry, actor: { ...entry.actor, name: actor_name ?? entry.actor.id } };
}

import { verifyReceipt } from '@portreeve/verify';

/** What `GET /v1/audit/replay/:run` answers. */
export interface RunReplay {
  readonly run: string;
  readonly origin: string;
  readonly vkey: string;
  readonly checkpoint: string;
  readonly records: readonly {
    readonly index: number;
    readonly entry: string;
    readonly payload: string | null;
    readonly path: readonly string[];
  }[];
}

export interface Step {
  readonly index: number;
  // biome-ignore lint/suspicious/noExplicitAny: the renderers know the entry and the data of each record type
  readonly entry: any;
  // biome-ignore lint/suspicious/noExplicitAny: as above
  readonly data: any;
  /** Why the record is not proved; `null` where it is. */
  readonly problem: string | null;
}

/** The records of a replay, each checked against the checkpoint that came with it. */
export async function readReplay(replay: RunReplay): Promise<Step[]> {
  const steps: Step[] = [];
  for (const { index, entry, payload, path } of replay.records) {
    const proof = ['c2sp.org/tlog-proof@v1', `index ${index}`, ...path, '', replay.checkpoint].join('\n');
    const content = payload === null ? null : JSON.parse(payload);
    const { problem } = await verifyReceipt(proof, entry, [replay.vkey], content);
    const read = JSON.parse(entry);
    // The name lies in the payload, so that it can be erased with it.
    const actor = { ...read.actor, name: content?.actor_name ?? read.actor.id };
    steps.push({ index, entry: { ...read, actor }, data: content?.data ?? null, problem });
  }
  return steps;
}

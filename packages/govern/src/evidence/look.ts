import type { PrincipalId, RecordActor, RecordData, RecordEntry, RecordType } from '@portreeve/contract';

/** A record as facts look at it. */
export interface SeenRecord<T extends RecordType = RecordType> {
  /** By which anybody can ask for its proof. */
  readonly place: string;
  readonly type: T;
  /** RFC 3339. */
  readonly time: string;
  readonly actor: Pick<RecordActor, 'id' | 'act'>;
  readonly outcome: string;
  readonly refs: RecordEntry['refs'];
  /** Null where it was erased. */
  readonly data: RecordData<T> | null;
}

/** A registered agent, as far as its review is concerned. */
export interface SeenAgent {
  readonly id: PrincipalId;
  readonly state: string;
  /** RFC 3339. */
  readonly review_by: string;
}

/** What facts may look at: the record of the span of a report, and what is configured now. */
export interface Look {
  readonly now: Date;
  /** The newest of a type within the span, newest first; how many at the most, and whether there are more, the report says. */
  records<T extends RecordType>(type: T): Promise<readonly SeenRecord<T>[]>;
  /** The time from which on all records of all these types are seen: facts that join records look at none before it. */
  reach(...types: readonly RecordType[]): Promise<string>;
  agents(): Promise<readonly SeenAgent[]>;
  /** The releases that run now, by workflow. */
  readonly releasesByWorkflow: ReadonlyMap<string, string>;
}

import {
  type AuditWriter,
  type Clock,
  digestOf,
  type RecordData,
  type RecordDraft,
  SYSTEM_ACTOR,
  type Tx,
  type UnitOfWork,
} from '@portreeve/contract';
import { openChange, type Touched } from './open.ts';
import type { ChangeStore, SurfaceStore } from './ports.ts';

/** So long a version that needs no change is not looked up again. */
const KNOWN_MS = 10_000;
/** Pairs of a model and its answered version that are known at a time: an endpoint that invents one each time fills nothing. */
const KNOWN_MAX = 1000;

/**
 * The record, with an eye on who answers (requirement H2): where a model answers by another version than the one that was
 * agreed to, the change of it is opened in the transaction that records the answer. The first version of a model that is
 * seen counts as agreed to: nothing was asked of it before.
 */
export function versionWatch(deps: {
  readonly changes: Pick<ChangeStore, 'open'>;
  readonly surface: Pick<SurfaceStore, 'get' | 'adopt'>;
  readonly audit: AuditWriter;
  readonly uow: UnitOfWork;
  readonly clock: Clock;
  /** What a model can touch: every workflow, since each endpoint may be asked for each. */
  readonly touched: () => Touched;
}): AuditWriter {
  const { surface, audit, uow, clock } = deps;
  const knownUntil = new Map<string, number>();
  const keyOf = ({ subject, answered }: Answered) => `${subject}\n${answered}`;
  const isKnown = (each: Answered) => (knownUntil.get(keyOf(each)) ?? 0) > clock.now().getTime();
  const unknown = (drafts: readonly RecordDraft[]) => drafts.flatMap(answeredOf).filter((each) => !isKnown(each));

  function know(each: Answered): void {
    if (knownUntil.size >= KNOWN_MAX) knownUntil.clear();
    knownUntil.set(keyOf(each), clock.now().getTime() + KNOWN_MS);
  }

  async function looked(tx: Tx, { subject, answered }: Answered): Promise<RecordDraft[]> {
    const body = { answered };
    const agreed = await surface.get(tx, 'model', subject);
    if (agreed === null) await surface.adopt(tx, 'model', subject, body);
    const to = digestOf(body);
    if (agreed === null || agreed.digest === to) return [];
    const before = (agreed.body as { answered: string }).answered;
    const text = `${subject} answers as ${answered}; it was ${before}`;
    return openChange(deps, tx, {
      ...{ kind: 'model', subject, from: agreed.digest, to, after: body, touched: deps.touched() },
      // What another model does cannot be told from its name.
      pieces: [{ area: 'model versions', text, loosens: true, lines: [] }],
      reason: 'The model answered by it, and nobody here has changed anything.',
      actor: SYSTEM_ACTOR,
    });
  }

  async function append(tx: Tx, drafts: readonly RecordDraft[]): Promise<void> {
    const opened: RecordDraft[] = [];
    for (const each of unknown(drafts)) {
      opened.push(...(await looked(tx, each)));
      know(each);
    }
    await audit.append(tx, [...drafts, ...opened]);
  }

  return {
    append,
    record: (drafts, place) =>
      unknown(drafts).length > 0 ? uow.transaction((tx) => append(tx, drafts)) : audit.record(drafts, place),
  };
}

interface Answered {
  /** The endpoint and the model that was asked for. */
  readonly subject: string;
  readonly answered: string;
}

function answeredOf({ type, data }: RecordDraft): Answered[] {
  if (type !== 'model.answered') return [];
  const { provider, model_asked, model_answered } = data as RecordData<'model.answered'>;
  return [{ subject: `${provider}/${model_asked}`.slice(0, 400), answered: model_answered }];
}

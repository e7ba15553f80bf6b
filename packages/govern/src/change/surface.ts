import {
  type AuditWriter,
  type Digest,
  digestOf,
  type Json,
  type RecordDraft,
  SYSTEM_ACTOR,
  type Tx,
  type UnitOfWork,
} from '@portreeve/contract';
import { type ChangeMoveDeps, moveChange } from './move.ts';
import { openChange, type Touched } from './open.ts';
import type { SurfaceStore } from './ports.ts';
import { surfaceWords } from './words.ts';

/** One part of what is in force: `policy`, `identity`, `model.NAME`, `source.NAME`, `tool.NAME`. */
export interface SurfacePart {
  readonly part: string;
  readonly body: Json;
  readonly touched: Touched;
}

export interface SurfaceDeps extends ChangeMoveDeps {
  readonly surface: SurfaceStore;
  readonly audit: AuditWriter;
  readonly uow: UnitOfWork;
}

/**
 * Compares what a server was started with to what was agreed to last, and opens a change for each part that is new or
 * otherwise (requirement H2). The first start of an installation is what later ones are compared to. A change whose part
 * is as before again, or otherwise again, is withdrawn. The same start twice changes nothing.
 */
export async function reviewSurface(deps: SurfaceDeps, parts: readonly SurfacePart[]): Promise<void> {
  const agreed = await deps.surface.digests('configuration');
  if (agreed.size === 0) {
    await deps.uow.transaction(async (tx) => {
      for (const { part, body } of parts) await deps.surface.adopt(tx, 'configuration', part, body);
    });
    return;
  }
  const live = new Set(
    (await deps.changes.unreviewed()).filter(({ kind }) => kind === 'configuration').map(({ subject }) => subject),
  );
  const now = new Map(parts.map((each) => [each.part, each]));
  for (const part of [...new Set([...now.keys(), ...agreed.keys(), ...live])].sort()) {
    const found = now.get(part) ?? null;
    if (found && agreed.get(part) === digestOf(found.body) && !live.has(part)) continue;
    await deps.uow.transaction(async (tx) => {
      const records = await compared(deps, tx, part, found);
      if (records.length > 0) await deps.audit.append(tx, records);
    });
  }
}

async function compared(deps: SurfaceDeps, tx: Tx, part: string, found: SurfacePart | null): Promise<RecordDraft[]> {
  const live = await deps.changes.live(tx, 'configuration', part);
  const before = await deps.surface.get(tx, 'configuration', part);
  const to = found && digestOf(found.body);
  const records: RecordDraft[] = [];
  for (const change of live) {
    if (change.to === to && to !== before?.digest) continue;
    const withdrawn = { change, event: 'withdraw', reason: whyOver(to, before?.digest), actor: SYSTEM_ACTOR } as const;
    records.push(...(await moveChange(deps, tx, withdrawn)));
  }
  if (found === null || to === null) await deps.surface.set(tx, 'configuration', part, null);
  else if (to !== before?.digest)
    records.push(
      ...(await openChange(deps, tx, {
        ...{ kind: 'configuration', subject: part, from: before?.digest ?? null, to, after: found.body },
        touched: found.touched,
        pieces: surfaceWords(part, before?.body ?? null, found.body),
        reason: 'A server was started with it.',
        actor: SYSTEM_ACTOR,
      })),
    );
  return records;
}

function whyOver(to: Digest | null, before: Digest | undefined): string {
  if (to === null) return 'A server was started without it.';
  return to === before
    ? 'A server was started with what was agreed to before.'
    : 'A server was started with another one.';
}

import { type Evidence, isPortreeveError, type JsonObject, type Reading, type ValueId } from '@portreeve/contract';
import { isOutage } from '../engine.ts';
import { decisionRefs, refusal, refuses, sourceEnding } from './endings.ts';
import type { RunScope } from './scope.ts';

/** Reads a declared source: decided, read, kept under an id, and on record. */
export function readStep(scope: RunScope) {
  const { deps, run, definition, life, scores, step, load, record, write, decideRead } = scope;

  return async function read(name: string, query: JsonObject): Promise<Reading> {
    type Read = { value: ValueId; available: number; count: number; injection: number; read_at: string };
    const found = await step<Read>(`read:${name}`, async (key) => {
      const source = definition.sources.find((each) => each.name === name);
      const { decision, request } = await decideRead(name, source);
      if (!source || refuses(decision)) {
        await write(
          record(
            'source.refused',
            { source: name, decision, request },
            { outcome: 'refuse', refs: decisionRefs(decision), key },
          ),
        );
        return { ending: refusal(decision, `The source ${name} is not declared by this workflow.`) };
      }
      try {
        const read_at = deps.clock.now().toISOString();
        const reading = await deps.context.read(source, query, await deps.store.attachments(run.id));
        const value = await deps.uow.transaction(async (tx) => {
          const id = await deps.context.save(tx, run.id, reading.evidence, { source, read_at });
          await deps.audit.append(tx, [
            record(
              'source.read',
              { ...reading.record, decision, request },
              { outcome: reading.record.findings.length > 0 ? 'flagged' : 'read', key },
            ),
          ]);
          return id;
        });
        const { available, count, injection } = reading;
        return { ok: { value, available, count, injection, read_at } };
      } catch (error) {
        // A database that is away is no fault of the source.
        if (!isPortreeveError(error) || isOutage(error)) throw error;
        await write(record('source.failed', { source: name, reason: error.detail }, { outcome: error.code, key }));
        return { ending: sourceEnding(name, error) };
      }
    });
    scores.note(name, found.injection);
    const evidence = await load<readonly Evidence[]>(found.value);
    const source = definition.sources.find((each) => each.name === name);
    if (source) life.entered({ source, query, read_at: found.read_at, value: found.value, evidence });
    return { evidence, available: found.available, count: found.count };
  };
}

import type { Evidence, EvidenceId, RunId } from '@portreeve/contract';
import type { Database } from './database.ts';
import { openValues, type Seals } from './values.ts';

/** The pieces of evidence of a run, by id, as its readers gave them: what the approver of its proposals is shown. */
export function evidenceReader(database: Database, sealing: Pick<Seals, 'texts'>) {
  return async (run: RunId, ids: readonly EvidenceId[]): Promise<Evidence[]> => {
    const rows = await database.read
      .selectFrom('run_values')
      .selectAll()
      .where('run', '=', run)
      .where('kind', '=', 'evidence')
      .execute();
    const evidenceById = new Map(
      (await openValues(sealing, rows)).flatMap((row) =>
        (JSON.parse(row.content) as Evidence[]).map((item) => [item.id, item] as const),
      ),
    );
    return ids.flatMap((id) => evidenceById.get(id) ?? []);
  };
}

import type { KeptOfRun } from '@portreeve/audit';
import type { Json } from '@portreeve/contract';
import { sql } from 'kysely';
import type { Database } from './database.ts';
import type { Seals } from './values.ts';

/** All sealed texts of a run with their bindings, as the stores of these tables seal them. Each is JSON. */
export function keptOfRun(database: Database, sealing: Pick<Seals, 'texts'>): KeptOfRun {
  return async function* (run) {
    const { rows } = await sql<{ binding: string; text: string }>`
      SELECT 'runs/' || id || '/' || part.name AS binding, part.text FROM runs,
        LATERAL (VALUES ('asked', asked), ('attachments', attachments), ('result', result)) AS part (name, text)
        WHERE id = ${run} AND part.text <> ''
      UNION ALL SELECT 'run_values/' || id, content FROM run_values WHERE run = ${run}
      UNION ALL SELECT 'proposals/' || digest, body FROM proposals WHERE run = ${run}
      UNION ALL SELECT 'proposals/' || id || '/outcome', outcome FROM proposals WHERE run = ${run} AND outcome IS NOT NULL
      UNION ALL SELECT 'approvals/' || a.id || '/preview', a.preview FROM approvals AS a
        JOIN proposals AS p ON p.id = a.proposal WHERE p.run = ${run} AND a.preview IS NOT NULL
      UNION ALL SELECT 'handoffs/' || id, body FROM handoffs WHERE run = ${run}`.execute(database.read);
    for (const row of rows) {
      const [text] = await sealing.texts.open([row]);
      if (text !== null && text !== undefined) yield JSON.parse(text) as Json;
    }
  };
}

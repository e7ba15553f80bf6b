import { PortreeveError, type SourceContract } from '@portreeve/contract';
import type { Ingester } from './ingest/ingester.ts';
import type { SourceItems } from './ports.ts';
import { takeDeclared } from './take-declared.ts';

/**
 * Reads the bytes that a source gave, apart from the server where they are a document. Throws `source_failed` for what
 * cannot be read, and `unavailable` where too much is being read at the moment: that passes.
 */
export async function readItems(
  ingester: Ingester,
  bytes: Uint8Array,
  { declared, name }: { readonly declared: string; readonly name: string },
  contract: SourceContract,
): Promise<SourceItems> {
  const form = contract.form ?? 'records';
  const outcome = await ingester.read({ bytes, declared, name, form, max_items: contract.limits.max_items });
  if (outcome.status === 'read') return takeDeclared(outcome.document, contract);
  throw new PortreeveError(
    outcome.reason === 'busy' ? 'unavailable' : 'source_failed',
    `source ${contract.name} gave what cannot be read (${outcome.reason}): ${outcome.detail}`,
  );
}

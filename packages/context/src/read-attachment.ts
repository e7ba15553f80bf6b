import { attachmentBytes, PortreeveError } from '@portreeve/contract';
import { createIngester } from './ingest/ingester.ts';
import type { SourceReader } from './ports.ts';
import { readItems } from './read-items.ts';

/**
 * Reads what the requester attached: the attachment that the query's `name` names, or the only one. Attaching a file
 * does not vouch for what is in it: the label is the contract's, as with any source.
 */
export function attachmentSource({ ingester = createIngester() } = {}): SourceReader {
  return {
    kind: 'attachment',
    async read({ contract, query, attachments }) {
      const named = typeof query.name === 'string' ? query.name : undefined;
      const found = attachments.filter((attachment) => named === undefined || attachment.name === named);
      const [attachment] = found;
      if (attachment === undefined)
        throw new PortreeveError('unknown_case', `source ${contract.name}: nothing of that name was attached`);
      if (found.length > 1)
        throw new PortreeveError('bad_input', `source ${contract.name}: several attachments fit; name one`);
      const bytes = attachmentBytes(attachment);
      if (bytes.length > contract.limits.max_bytes)
        throw new PortreeveError(
          'source_failed',
          `source ${contract.name} gave more than the declared ${contract.limits.max_bytes} bytes`,
        );
      return readItems(ingester, bytes, { declared: attachment.media_type, name: attachment.name }, contract);
    },
  };
}

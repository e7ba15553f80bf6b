import type { IngestedDocument, IngestOutcome, IngestRequest } from '../document.ts';
import { ingest } from '../ingest.ts';
import { INGEST_LIMITS, type IngestLimits } from '../limits.ts';

export interface ReadHere {
  readonly outcome: IngestOutcome;
  /** Throws where the document was refused. */
  readonly document: IngestedDocument;
  /** The texts of all blocks, a line each. */
  readonly text: string;
  /** What was taken out under a kind of finding, or `undefined` without such a finding; an empty text where nothing was. */
  removed(kind: string): string | undefined;
}

/** Reads a document in this thread: for tests of what is read, not of how it is held apart. */
export async function readHere(
  content: string | Uint8Array,
  over: Partial<IngestRequest> = {},
  limits: Partial<IngestLimits> = {},
): Promise<ReadHere> {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
  const outcome = await ingest(
    { bytes, declared: '', name: '', form: 'document', ...over },
    { ...INGEST_LIMITS, ...limits },
  );
  const read: ReadHere = {
    outcome,
    get document() {
      if (outcome.status === 'refused') throw new Error(`refused: ${outcome.reason}, ${outcome.detail}`);
      return outcome.document;
    },
    get text() {
      return read.document.blocks.map((block) => block.text).join('\n');
    },
    removed(kind) {
      const found = read.document.findings.filter((finding) => finding.kind === kind);
      return found.length === 0 ? undefined : found.map((finding) => finding.removed ?? '').join(' / ');
    },
  };
  return read;
}

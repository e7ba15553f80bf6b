import { createHash } from 'node:crypto';
import type { Digest } from '@portreeve/contract';
import { Collector, charPart } from './collector.ts';
import { decodeText, partOf } from './decode-text.ts';
import { detectType } from './detect-type.ts';
import type { IngestedDocument, IngestOutcome, IngestRequest, MediaType } from './document.ts';
import { readDocx } from './docx/read-docx.ts';
import { readHtml } from './html/read-html.ts';
import { INGEST_LIMITS, type IngestLimits, Refused } from './limits.ts';
import { readMail } from './mail/read-mail.ts';
import { readCsvDocument, readCsvRecords } from './read-csv.ts';
import { noteDuplicates, readJsonDocument, readJsonRecords } from './read-json.ts';
import { readMarkdown, readText } from './read-text.ts';

const ITEMS_MAX = 10_000;

/**
 * Reads one document. Every text of it that a person would not see is taken out and kept as a finding. Runs in a worker
 * (`pool.ts`), which bounds time and memory; the sizes are bounded here. Never throws for what a document does.
 */
export async function ingest(request: IngestRequest, limits: IngestLimits = INGEST_LIMITS): Promise<IngestOutcome> {
  const collector = new Collector(limits);
  try {
    const media_type = await readInto(collector, request, '', 0);
    const digest = `sha256:${createHash('sha256').update(request.bytes).digest('hex')}` as Digest;
    const { blocks, findings, findingsLeftOut, truncated, available } = collector;
    const document: IngestedDocument = {
      media_type,
      digest,
      blocks,
      findings,
      findings_left_out: findingsLeftOut,
      truncated,
      available: request.form === 'records' ? available : blocks.length,
    };
    return { status: 'read', document };
  } catch (error) {
    if (error instanceof Refused) return { status: 'refused', reason: error.reason, detail: error.message };
    // A reader that breaks on a document says something about the document; what it was about stays in the worker.
    if (error instanceof RangeError)
      return { status: 'refused', reason: 'too_deep', detail: 'the document is too deep or too long to be read' };
    return { status: 'refused', reason: 'malformed', detail: 'the document cannot be read' };
  }
}

async function readInto(
  collector: Collector,
  request: IngestRequest,
  prefix: string,
  nested: number,
): Promise<MediaType> {
  const { bytes, declared, name, form } = request;
  const { limits } = collector;
  if (bytes.length > limits.bytes_max) throw new Refused('too_large', `is larger than ${limits.bytes_max} bytes`);
  const whole = charPart(prefix === '' ? '' : prefix.slice(0, -1));
  if (form === 'records') return readRecords(collector, request);
  const type = bytes.length === 0 ? 'text/plain' : detectType(bytes, declared, name, whole, collector);
  if (type === 'application/pdf') {
    // Loaded for a PDF alone: it is the largest of the readers.
    const { readPdf } = await import('./pdf/read-pdf.ts');
    await readPdf(bytes, prefix, collector);
  } else if (type === 'message/rfc822') await readMail(bytes, prefix, collector, attachedReader(collector, nested));
  else if (type.endsWith('wordprocessingml.document')) readDocx(bytes, prefix, collector);
  else readAsText(collector, bytes, type, whole.name);
  return type;
}

function readAsText(collector: Collector, bytes: Uint8Array, type: MediaType, name: string): void {
  const decoded = decodeText(bytes);
  const part = partOf(decoded, name);
  const { text, unit } = decoded;
  if (unit === 'windows-1252')
    collector.find('not_utf8', 'info', part, 0, 0, 'the text is no valid UTF-8 and was read as windows-1252');
  if (type === 'text/html') readHtml(text, part, collector);
  else if (type === 'text/markdown') readMarkdown(text, part, collector);
  else if (type === 'text/csv') readCsvDocument(text, part, collector);
  else if (type === 'application/json' || type === 'application/jsonl') {
    readJsonDocument(text, part, collector, type === 'application/jsonl');
    noteDuplicates(text, part, collector);
  } else readText(text, part, collector);
}

/** Items of JSON, JSON Lines or CSV: whatever else the bytes are, they are read as that. */
function readRecords(collector: Collector, { bytes, declared, name, max_items = ITEMS_MAX }: IngestRequest): MediaType {
  const decoded = decodeText(bytes);
  const part = partOf(decoded, '');
  const csv =
    /^(?:text|application)\/csv\b/i.test(declared) || (!/json/i.test(declared) && /\.(?:csv|tsv)$/i.test(name));
  if (csv) readCsvRecords(decoded.text, part, collector, max_items);
  else readJsonRecords(decoded.text, part, collector, max_items);
  return csv ? 'text/csv' : decoded.text.trimStart().startsWith('[') ? 'application/json' : 'application/jsonl';
}

/** Reads what is attached to a mail as a document of its own. What cannot be read is a finding of the mail. */
function attachedReader(collector: Collector, nested: number) {
  return async (bytes: Uint8Array, declared: string, name: string, prefix: string): Promise<void> => {
    const part = charPart(prefix.slice(0, -1));
    const unread = (why: string): void => collector.find('not_read', 'low', part, 0, bytes.length, why, name);
    if (nested >= collector.limits.nested_max) {
      unread(`documents are nested deeper than ${collector.limits.nested_max}: this one was not read`);
      return;
    }
    collector.expand(bytes.length);
    try {
      await readInto(collector, { bytes, declared, name, form: 'document' }, prefix, nested + 1);
    } catch (error) {
      // Limits count for the whole mail; everything else is about this attachment.
      if (error instanceof Refused && ['expands_too_much', 'too_many_parts', 'too_large'].includes(error.reason))
        throw error;
      unread(error instanceof Refused ? error.message : 'the attachment cannot be read');
    }
  };
}

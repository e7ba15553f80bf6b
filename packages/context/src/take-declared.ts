import {
  type EvidencePlace,
  type Json,
  type JsonObject,
  PortreeveError,
  type SourceContract,
} from '@portreeve/contract';
import { cleanText } from './clean.ts';
import { FindingLog } from './findings.ts';
import type { Block, IngestedDocument, IngestFinding } from './ingest/document.ts';
import type { SourceItem, SourceItems } from './ports.ts';

const LEFT_OUT_MAX = 200;
const NAME_CHARS_MAX = 128;
const KINDS_MAX = 64;

/**
 * Turns what was read into items that hold declared fields alone (requirement D8). Every reader ends here, so an
 * undeclared field does not leave any of them. Throws `source_failed` where nothing in a non-empty source is usable.
 */
export function takeDeclared(document: IngestedDocument, contract: SourceContract): SourceItems {
  return contract.form === 'document' ? takeBlocks(document, contract) : takeRecords(document, contract);
}

function takeRecords(document: IngestedDocument, contract: SourceContract): SourceItems {
  const declared = new Set(contract.fields.map((field) => field.name));
  const leftOut = new Set<string>();
  const findings = new FindingLog();
  for (const { kind, position } of document.findings) findings.add(kind, position.start);

  const items: SourceItem[] = [];
  let cutValues = 0;
  for (const { position, record = {} } of document.blocks) {
    for (const name of Object.keys(record)) if (!declared.has(name)) leftOut.add(name);
    const fields: [string, Json][] = [];
    for (const field of contract.fields) {
      if (!Object.hasOwn(record, field.name)) continue;
      const raw = record[field.name] as Json;
      if (raw === null || typeof raw === 'boolean' || typeof raw === 'number') {
        fields.push([field.name, raw]);
        continue;
      }
      const cleaned = cleanText(typeof raw === 'string' ? raw : nestedText(raw));
      findings.inspect(position, cleaned);
      const shown = cut(cleaned.text, field.max_chars);
      if (shown !== cleaned.text) cutValues++;
      fields.push([field.name, shown]);
    }
    if (fields.length === 0) findings.add('no_declared_field', position);
    else items.push({ position, fields: Object.fromEntries(fields) });
  }
  if (document.available > 0 && items.length === 0) {
    throw new PortreeveError(
      'source_failed',
      document.blocks.length === 0
        ? `source ${contract.name} gave neither JSON Lines nor a JSON array of objects`
        : `no item of source ${contract.name} has a field that its contract declares`,
    );
  }
  return {
    items,
    available: document.available,
    fieldsLeftOut: boundedNames(leftOut),
    cutValues,
    findings: findings.list(),
  };
}

/** Each block is one item. A finding belongs to the block that it lies in, or else to the one before it. */
function takeBlocks(document: IngestedDocument, contract: SourceContract): SourceItems {
  const findings = new FindingLog();
  const kindsByPosition = new Map<number, Set<string>>();
  const blockOf = blockFinder(document.blocks);
  for (const finding of document.findings) {
    const position = blockOf(finding);
    findings.add(finding.kind, position);
    const kinds = kindsByPosition.get(position) ?? new Set();
    if (kinds.size < KINDS_MAX) kindsByPosition.set(position, kinds.add(finding.kind));
  }
  const blocks = document.blocks.slice(0, contract.limits.max_items);
  let cutValues = 0;
  const items = blocks.map((block): SourceItem => {
    const { text, kind, part, start, end, unit, position } = block;
    const noticed = [...(kindsByPosition.get(position) ?? [])];
    if (findings.score(position, text)) noticed.push('injection_likely');
    const all: JsonObject = { text, kind, part, start, end, unit, media_type: document.media_type };
    const fields = contract.fields.map(({ name, max_chars }): [string, Json] => {
      const value = all[name] ?? null;
      const shown = typeof value === 'string' ? cut(value, max_chars) : value;
      if (shown !== value) cutValues++;
      return [name, shown];
    });
    const place: EvidencePlace = {
      document: document.digest,
      media_type: document.media_type,
      part,
      unit,
      start,
      end,
      findings: noticed.sort(),
    };
    return { position, fields: Object.fromEntries(fields), place };
  });
  return {
    items,
    available: document.blocks.length,
    fieldsLeftOut: [],
    cutValues,
    findings: findings.list(),
    document,
  };
}

/** The number of the block that a finding belongs to; 0 stands for the document as a whole. */
function blockFinder(blocks: readonly Block[]): (finding: IngestFinding) => number {
  const blocksByPart = new Map<string, Block[]>();
  for (const block of blocks) {
    const list = blocksByPart.get(block.part);
    if (list) list.push(block);
    else blocksByPart.set(block.part, [block]);
  }
  return ({ position: { part, start } }) =>
    blocksByPart.get(part)?.findLast((block) => block.start <= start)?.position ??
    blocksByPart.get(part)?.[0]?.position ??
    0;
}

/** JSON text of a nested value, or a stated replacement where it is nested too deep to be written. */
function nestedText(value: Json): string {
  try {
    return JSON.stringify(value);
  } catch {
    return '[nested too deep]';
  }
}

/** The first `max` UTF-16 units, never half a character, with a mark that says how much is missing. */
function cut(text: string, max: number): string {
  if (text.length <= max) return text;
  const end = /[\uD800-\uDBFF]/.test(text[max - 1]!) ? max - 1 : max;
  return `${text.slice(0, end)}… [cut: ${text.length - end} more characters]`;
}

/** Field names come from outside too: cleaned, bounded in length and number, and the rest counted. */
function boundedNames(names: ReadonlySet<string>): string[] {
  const clean = [
    ...new Set([...names].map((name) => cleanText(name).text.slice(0, NAME_CHARS_MAX).toWellFormed())),
  ].sort();
  const rest = clean.length - LEFT_OUT_MAX;
  return rest > 0 ? [...clean.slice(0, LEFT_OUT_MAX), `… and ${rest} more`] : clean;
}

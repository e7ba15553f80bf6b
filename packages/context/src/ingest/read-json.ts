import type { JsonObject } from '@portreeve/contract';
import { parseItems, parseJson } from '../parse-items.ts';
import { MappedText } from '../text-map.ts';
import type { Collector, Part } from './collector.ts';
import { Refused } from './limits.ts';
import { scanJson } from './scan-json.ts';

/** Reads the items of JSON or JSON Lines as records; what is no object is malformed and counted. */
export function readJsonRecords(text: string, part: Part, collector: Collector, max: number): void {
  checkDepth(text, collector);
  const parsed = parseItems(text, max);
  collector.available = parsed.available;
  for (const position of parsed.malformed)
    collector.find(
      'malformed_item',
      'info',
      { name: part.name, unit: 'item', offset: (item) => item },
      position,
      position + 1,
      'an item that is no JSON object',
    );
  for (const { position, value } of parsed.items) collector.addRecord(part, position, value as JsonObject);
}

/** Reads any JSON as text: an element of the array at the top, a line, or the whole value is one block. */
export function readJsonDocument(text: string, part: Part, collector: Collector, lines: boolean): void {
  const { elements } = lines ? { elements: [] } : checkDepth(text, collector);
  for (const [start, end] of lines ? linesOf(text) : elements.length > 0 ? elements : [[0, text.length] as const]) {
    const value = parseJson(text.slice(start, end));
    if (value === undefined) {
      collector.find('malformed_item', 'low', part, start, end, 'this is no JSON');
      continue;
    }
    const block = new MappedText();
    block.push(JSON.stringify(value), start, end, false);
    collector.add('record', part, block);
  }
}

function checkDepth(text: string, collector: Collector): ReturnType<typeof scanJson> {
  const scan = scanJson(text);
  const { depth_max } = collector.limits;
  if (scan.depth > depth_max) throw new Refused('too_deep', `values are nested deeper than ${depth_max}`);
  return scan;
}

/** Notes names that occur twice in one object: readers differ in which value counts. */
export function noteDuplicates(text: string, part: Part, collector: Collector): void {
  for (const [start, end] of scanJson(text).duplicates)
    collector.find(
      'duplicate_key',
      'low',
      part,
      start,
      end,
      'a name occurs twice in one object',
      text.slice(start, end),
    );
}

function* linesOf(text: string): Generator<readonly [number, number]> {
  for (let at = 0; at < text.length; ) {
    const next = text.indexOf('\n', at);
    const end = next < 0 ? text.length : next;
    if (text.slice(at, end).trim() !== '') yield [at, end];
    at = end + 1;
  }
}

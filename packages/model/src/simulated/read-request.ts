import { REJECTED_ANSWER } from '../question.ts';
import type { MessagesRequest } from '../wire/request.ts';

export interface Field {
  readonly name: string;
  /** The name in lower-case words: `TargetImage` and `target_image` are both `target image`. */
  readonly words: string;
  readonly value: string;
}

/** One piece of evidence, taken apart into its fields. */
export interface Item {
  readonly id: string;
  readonly text: string;
  readonly fields: readonly Field[];
  /** Its place among what was shown, from 0. */
  readonly position: number;
}

export interface Material {
  readonly items: readonly Item[];
  /** What an agent heard of its wishes: read as well, and no evidence but what tools answered. */
  readonly heard: readonly Item[];
  /** `name: value` lines of the text blocks: what the request itself says. */
  readonly given: readonly Field[];
  /** The text blocks: the only place from which an instruction is taken. */
  readonly asked: string;
}

export function readRequest(request: MessagesRequest): Material {
  const items: Item[] = [];
  const heard: Item[] = [];
  const asked: string[] = [];
  for (const block of request.messages.flatMap((turn) => (turn.role === 'user' ? turn.content : []))) {
    if (block.type === 'text') asked.push(block.text);
    else if (block.type === 'tool_result') {
      const { content } = block;
      const told = typeof content === 'string' ? content : content.map((each) => answerIn(textOf(each))).join('\n');
      const id = typeof content === 'string' ? block.tool_use_id : content[0]!.source;
      heard.push({ id, text: told, fields: readFields(told), position: heard.length });
    } else if (block.type === 'search_result' && block.source !== REJECTED_ANSWER) {
      const text = textOf(block);
      items.push({ id: block.source, text, fields: readFields(text), position: items.length });
    }
  }
  return {
    items,
    heard,
    given: asked.flatMap((text) => readLines(text)).filter((line) => line.name !== PROSE),
    asked: asked.join('\n'),
  };
}

const textOf = ({ content }: { readonly content: readonly { readonly text: string }[] }): string =>
  content.map((part) => part.text).join('\n');

/** What a tool answered stands as one field in its piece of evidence. */
function answerIn(text: string): string {
  const [only, ...others] = readJson(text) ?? [];
  return only?.[0] === 'answer' && others.length === 0 ? only[1] : text;
}

/** Splits `fooBarID`, `foo_bar` and `Foo Bar` into lower-case words. */
export function wordsOf(name: string): string {
  return name
    .slice(0, 128)
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1 $2')
    .replace(/[^A-Za-z0-9]+/g, ' ')
    .trim()
    .toLowerCase();
}

/** A JSON object's members or the `Field: value` lines of a text, and the lines inside of a longer value. */
export function readFields(text: string): Field[] {
  const members = readJson(text);
  if (members === null) return readLines(text);
  return members.flatMap(([name, value]) => [field(name, value), ...(value.includes('\n') ? readLines(value) : [])]);
}

function readJson(text: string): [string, string][] | null {
  if (!text.trimStart().startsWith('{')) return null;
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof parsed !== 'object' || parsed === null) return null;
  return Object.entries(parsed).flatMap(([name, value]): [string, string][] =>
    value === null ? [] : [[name, typeof value === 'object' ? JSON.stringify(value) : String(value)]],
  );
}

/** The name of what stands in no field. */
const PROSE = 'text';

const LINE = /^\s*([A-Za-z][\w ./()-]{1,63}?)\s*:\s*(.*)$/;

function readLines(text: string): Field[] {
  const fields: { name: string; value: string }[] = [];
  for (const line of text.split(/\r?\n/).slice(0, 2000)) {
    const match = LINE.exec(line.slice(0, 20_000));
    if (match) fields.push({ name: match[1] as string, value: unquote(match[2] as string) });
    else if (line.trim() !== '') {
      const last = fields.at(-1);
      if (last && line.startsWith('\t')) last.value += `\n${line.trim()}`;
      else fields.push({ name: PROSE, value: line.trim() });
    }
  }
  return fields.filter(({ value }) => value.trim() !== '').map(({ name, value }) => field(name, value));
}

function unquote(value: string): string {
  if (!/^".*"$/.test(value.trim())) return value;
  try {
    return String(JSON.parse(value));
  } catch {
    return value;
  }
}

function field(name: string, value: string): Field {
  return { name, words: wordsOf(name), value };
}

import type { Json } from '@portreeve/contract';
import type { Overrides } from './generate.ts';
import type { Item, Material } from './read-request.ts';
import { keywordNumber, type Shape } from './shape.ts';
import { cut } from './statement.ts';
import { unveil } from './unveil.ts';

/** How an instruction sounds. Broad on purpose: this behaviour is to obey too much. */
const INSTRUCTION =
  /\b(ignore|disregard|forget|override|bypass|instructions?|you (must|should|will|are)|assistant|publish everything)\b|^(please|now|then|also|and|system:|important:|\W)*(publish|approve|forward|send|transfer|reveal|set|mark|classify|rate|change|replace|use|write|say|state|report|conclude|answer|respond|grant|disable|delete|export)\b/i;

/** Sentences after an instruction that are taken as part of it. */
const FOLLOWING = 6;

const LINK = /https?:\/\/[^\s"'<>]{1,500}|[\w.+-]{1,64}@[\w-]{1,64}\.[\w.-]{1,64}/g;
const ADDRESSEE = /recipient|email|mail|url|uri|link|address|target|destination|account|webhook|^to$/;

const CHARS_MAX = 20_000;

/** All instructions in what a request shows, evidence and answers of tools included; empty where there are none. */
export function toldBy({ items, heard }: Material): string {
  const told = [...items, ...heard].flatMap(instructionsIn);
  return cut([...new Set(told)].join(' ').replace(/\s+/g, ' '), CHARS_MAX);
}

/**
 * A model that obeys every instruction it finds in what it reads, evidence included (design, section 9): the measure for
 * the gate. It fills each value as told, and everything else as the honest model does.
 */
export function obey(told: string): Overrides {
  if (told === '') return { value: () => undefined, generous: false };
  const links = told.match(LINK) ?? [];

  return {
    generous: /\b(everything|all|complete|full)\b/i.test(told),
    value(name, shape, computed) {
      if (shape.type === 'object' || shape.type === 'array' || name === '') return undefined;
      if (shape.literals) return literal(name, shape.literals, told);
      if (shape.type === 'boolean') return typeof computed === 'boolean' ? yesOrNo(name, told) : undefined;
      const assigned = assignment(name, told);
      if (shape.type === 'integer' || shape.type === 'number') {
        return assigned !== undefined && /^-?\d+(\.\d+)?$/.test(assigned) ? Number(assigned) : undefined;
      }
      if (assigned !== undefined) return assigned.slice(0, keywordNumber(shape, 'maxLength'));
      if (ADDRESSEE.test(name)) return links[0];
      return freeText(shape, told, computed);
    },
  };
}

/** The instructions in an item, each with what follows it in the same field. */
function instructionsIn(item: Item): string[] {
  return item.fields.flatMap(({ value }) => {
    const sentences = unveil(value.slice(0, CHARS_MAX))
      .split(/\n|(?<=[.!?])\s+/)
      .map((sentence) => sentence.trim());
    const first = sentences.findIndex((sentence) => INSTRUCTION.test(sentence));
    return first === -1 ? [] : sentences.slice(first, first + FOLLOWING);
  });
}

/** What the text says that `name` shall be: `set case_id to X`, `severity: low`, `case id X`. */
function assignment(name: string, told: string): string | undefined {
  // The name is lower-case words of letters and digits (`wordsOf`), so it needs no escaping.
  const spelled = name.replaceAll(' ', '[\\s_-]?');
  // A name of one word, such as `time`, is also an ordinary word: it counts only with a sign or a verb after it.
  const sign = `(?::|=|\\bto\\b|\\bas\\b|\\bis\\b|must be|should be|shall be)${name.includes(' ') ? '?' : ''}`;
  const pattern = new RegExp(`\\b${spelled}\\b["']?\\s*${sign}\\s*["']?([^\\s"',;]+)`, 'gi');
  const values = [...told.matchAll(pattern)].map((match) => (match[1] as string).replace(/[.!?]+$/, ''));
  return values.filter((value) => value !== '').at(-1);
}

function literal(name: string, literals: readonly Json[], told: string): Json | undefined {
  const assigned = assignment(name, told)?.toLowerCase();
  const exact = literals.find((value) => String(value).toLowerCase() === assigned);
  if (exact !== undefined) return exact;
  const text = told.toLowerCase();
  const last = (value: Json) => text.lastIndexOf(String(value).toLowerCase());
  return literals.filter((value) => last(value) !== -1).sort((a, b) => last(b) - last(a))[0];
}

function yesOrNo(name: string, told: string): boolean | undefined {
  const assigned = assignment(name, told)?.toLowerCase();
  if (assigned === 'true' || assigned === 'false') return assigned === 'true';
  return name.split(' ').some((word) => word.length > 3 && told.toLowerCase().includes(word)) || undefined;
}

/** A free text says what it was told to say, quoted words first, and then what it would have said. */
function freeText(shape: Shape, told: string, computed: Json): string | undefined {
  const most = keywordNumber(shape, 'maxLength') ?? 2000;
  // Ids, times and the like are no place for sentences.
  if (most < 60 || shape.keywords.pattern !== undefined || shape.keywords.format !== undefined) return undefined;
  if (typeof computed === 'string' && !/\s/.test(computed)) return undefined;
  const quoted = [...told.matchAll(/["\u201c]([^"\u201d]{3,500})["\u201d]/g)].map((match) => match[1]);
  return cut([...quoted, told, computed].join(' '), most);
}

import { UNSEEN } from '@portreeve/contract';

/** HTML that was made here. Everything else is text, and becomes HTML only by {@link html} or {@link shown}. */
export class Html {
  readonly markup: string;
  constructor(markup: string) {
    this.markup = markup;
  }
}

type Part = Html | string | number | readonly Html[];

/**
 * A template of HTML. What is put in is text, and cannot end an element or an attribute in quotes, unless it is `Html`
 * itself; what nobody would see of it is written as {@link shown} writes it, without a mark.
 */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return new Html(strings.map((text, i) => (i === 0 ? text : toMarkup(parts[i - 1] as Part) + text)).join(''));
}

function toMarkup(part: Part): string {
  if (part instanceof Html) return part.markup;
  if (typeof part === 'object') return part.map(({ markup }) => markup).join('');
  return escaped(String(part).replace(EACH_UNSEEN, nameOf));
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const escaped = (text: string) => text.replace(/[&<>"']/g, (char) => ENTITIES[char] as string);

const EACH_UNSEEN = new RegExp(UNSEEN, 'gv');

/**
 * A text from outside, as it is: nothing of it is interpreted, and what nobody would see stands as a marked escape, such
 * as `\u{202e}`. A line break is marked, and breaks the line.
 */
export function shown(text: string): Html {
  let markup = '';
  let at = 0;
  for (const match of text.matchAll(EACH_UNSEEN)) {
    const [char] = match;
    markup += `${escaped(text.slice(at, match.index))}<b class="esc">${nameOf(char)}</b>${char === '\n' ? '\n' : ''}`;
    at = match.index + char.length;
  }
  return new Html(markup + escaped(text.slice(at)));
}

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };
const nameOf = (char: string) => SHORT[char] ?? `\\u{${(char.codePointAt(0) as number).toString(16)}}`;

import { MappedText } from '../text-map.ts';
import type { Collector, Part } from './collector.ts';
import { readHtml } from './html/read-html.ts';

/** Reads plain text: a block is what stands between blank lines. */
export function readText(text: string, part: Part, collector: Collector): void {
  const add = (from: number, to: number): void => {
    const raw = text.slice(from, to);
    if (raw.trim() === '') return;
    const start = from + (raw.length - raw.trimStart().length);
    const block = new MappedText();
    block.push(raw.trim(), start, start + raw.trim().length, true);
    collector.add('paragraph', part, block);
  };
  let at = 0;
  for (const match of text.matchAll(/\n[ \t\r]*\n/g)) {
    add(at, match.index);
    at = match.index + match[0].length;
  }
  add(at, text.length);
}

/** Stands for `<` inside code while the rest is read as HTML: a noncharacter (Unicode 23.7), which no text holds. */
const MASKED = '\ufdd0';
/** Code is shown as it stands: what looks like a tag in it is text. */
const CODE =
  /^[ \t]{0,3}(```+|~~~+)[^\n]*\n[\s\S]*?(?:^[ \t]{0,3}\1[`~]*[ \t]*$|$(?![\s\S]))|(?<!`)(`{1,3})(?!`)[^`\n]{1,2000}\2(?!`)/gm;
/** `[//]: # (a comment)`, and other definitions: a renderer shows none of it. */
const DEFINITION =
  /^[ \t]{0,3}\[([^\]\n]{1,200})\]:[ \t]*(\S{1,2000})(?:[ \t]+("[^"\n]*"|'[^'\n]*'|\([^()\n]*\)))?[ \t]*$/gm;
const IMAGE = /!\[([^\]\n]{0,2000})\]\(([^()\s]{0,4000})(?:[ \t]+("[^"\n]*"|'[^'\n]*'))?\)/g;
const LINK_TITLE = /\]\([^()\s]{1,4000}[ \t]+("[^"\n]{1,2000}"|'[^'\n]{1,2000}')\)/g;

/**
 * Reads Markdown (CommonMark) as its source, without what a renderer does not show: comments, definitions, texts of images
 * and titles of links, and HTML that is out of sight. The marks of Markdown stay, so that offsets do.
 */
export function readMarkdown(text: string, part: Part, collector: Collector): void {
  const masked = text.replaceAll(CODE, (code) => code.replaceAll('<', MASKED));
  let shown = '';
  let kept = 0;
  for (const [start, end] of [...notShown(masked, part, collector)].sort((one, two) => one[0] - two[0])) {
    if (end <= kept) continue;
    shown += masked.slice(kept, Math.max(start, kept)) + ' '.repeat(end - Math.max(start, kept));
    kept = end;
  }
  shown += masked.slice(kept);
  const unmasked: Collector['add'] = (kind, where, source) => {
    const whole = source.text;
    if (!whole.includes(MASKED)) {
      collector.add(kind, where, source);
      return;
    }
    const restored = new MappedText();
    let at = 0;
    for (const match of whole.matchAll(new RegExp(MASKED, 'g'))) {
      restored.append(source, at, match.index);
      const one = new MappedText();
      one.append(source, match.index, match.index + 1);
      restored.push('<', one.map[0]![1], one.map[0]![2], true);
      at = match.index + 1;
    }
    restored.append(source, at, whole.length);
    collector.add(kind, where, restored);
  };
  readHtml(shown, part, collector, { markdown: true, add: unmasked });
}

/** Finds what a renderer does not show, notes it, and gives the places to blank. */
function* notShown(text: string, part: Part, collector: Collector): Generator<readonly [number, number]> {
  for (const match of text.matchAll(DEFINITION)) {
    const end = match.index + match[0].length;
    const shown = match[3] ?? (match[2]!.startsWith('#') && match[1] !== match[2] ? '' : undefined);
    if (shown !== undefined || /^(?:\/\/|comment|_)/i.test(match[1]!))
      collector.find(
        'comment',
        'low',
        part,
        match.index,
        end,
        'a definition that is not shown',
        `${match[1]} ${shown ?? ''}`,
      );
    yield [match.index, end];
  }
  const images = [...text.matchAll(IMAGE)];
  for (const match of images) {
    const end = match.index + match[0].length;
    const words = `${match[1]} ${match[3]?.slice(1, -1) ?? ''}`.trim();
    if (words !== '')
      collector.find(
        'attribute_text',
        words.length > 80 ? 'low' : 'info',
        part,
        match.index,
        end,
        'the text of an image',
        words,
      );
    yield [match.index, end];
  }
  const ends = new Set(images.map((match) => match.index + match[0].length));
  for (const match of text.matchAll(LINK_TITLE)) {
    if (ends.has(match.index + match[0].length)) continue;
    const start = match.index + match[0].length - 1 - match[1]!.length;
    collector.find(
      'attribute_text',
      'info',
      part,
      start,
      start + match[1]!.length,
      'the title of a link',
      match[1]!.slice(1, -1),
    );
    yield [start, start + match[1]!.length];
  }
}

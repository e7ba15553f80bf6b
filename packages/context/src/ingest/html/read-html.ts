import { MappedText } from '../../text-map.ts';
import type { Collector, Part } from '../collector.ts';
import type { BlockKind } from '../document.ts';
import { type Declarations, parseDeclarations } from './declarations.ts';
import { BLOCKS, BREAKS, hiddenByAttribute, NEVER_SHOWN, presentationOf, TEXT_ATTRIBUTES } from './elements.ts';
import { type Hidden, hiddenText, isUnclear, type Look, lookOf, PLAIN_LOOK } from './hiding.ts';
import { StyleSheets } from './style-sheet.ts';
import { type Element, type Leaf, parseHtml, textOf } from './tree.ts';

const REMOVED_MAX = 20_000;

export interface HtmlOptions {
  /** Markdown: white space is kept, and a blank line ends a block. */
  readonly markdown?: boolean;
  /** Takes the blocks instead of the collector. */
  readonly add?: Collector['add'];
}

/**
 * Reads HTML as a person sees it in a browser without scripts. What is out of sight (see `hiding.ts`) is taken out and kept
 * as findings. Content of a closed `details` is kept: a reader sees its heading and opens it with one click; a finding says
 * so. What cannot be judged (parts of CSS, images under text) is kept, with a finding.
 */
export function readHtml(source: string, part: Part, collector: Collector, options: HtmlOptions = {}): void {
  const root = parseHtml(source, collector.limits.depth_max);
  new HtmlReader(source, part, collector, options).read(root);
}

class HtmlReader {
  readonly #source: string;
  readonly #part: Part;
  readonly #collector: Collector;
  readonly #options: HtmlOptions;
  readonly #sheets = new StyleSheets();
  #text = new MappedText();
  #kind: BlockKind = 'paragraph';
  #unclear = new Set<string>();

  constructor(source: string, part: Part, collector: Collector, options: HtmlOptions) {
    this.#source = source;
    this.#part = part;
    this.#collector = collector;
    this.#options = options;
  }

  read(root: Element): void {
    this.#readSheets(root);
    this.#walk(root, PLAIN_LOOK, false);
    this.#endBlock('paragraph');
    for (const { text, declarations } of this.#sheets.notJudged)
      if (mayHide(declarations))
        this.#note(root, 'style_not_judged', `a style rule that may hide text was not applied: ${text}`);
    for (const text of this.#sheets.generated) {
      if (text.trim() !== '')
        this.#collector.find(
          'generated_text',
          'low',
          this.#part,
          root.start,
          root.start,
          'text that a style sheet adds',
          text,
        );
    }
  }

  #readSheets(element: Element): void {
    if (element.name === 'style') this.#sheets.read(textOf(element, 1_000_000));
    if (element.name === 'link' && /stylesheet/i.test(element.attributes.rel ?? ''))
      this.#note(element, 'style_not_judged', 'a style sheet outside the document was not read');
    for (const child of element.children) if (child.type === 'element') this.#readSheets(child);
  }

  #note(element: Element, kind: 'style_not_judged', detail: string): void {
    if (this.#unclear.has(detail)) return;
    this.#unclear.add(detail);
    this.#collector.find(kind, 'low', this.#part, element.start, element.tagEnd, detail);
  }

  #walk(element: Element, look: Look, pre: boolean): void {
    /** Text of this element that its own look hides, gathered into one finding. */
    const gathered: { hidden: Hidden | null; text: string; start: number; end: number } = {
      hidden: null,
      text: '',
      start: 0,
      end: 0,
    };
    for (const child of element.children) {
      if (child.type === 'comment') this.#comment(child);
      else if (child.type === 'text') {
        const hidden = hiddenText(look);
        if (hidden === null) {
          if (isUnclear(look) && child.text.trim() !== '')
            this.#note(element, 'style_not_judged', 'text over an image, in a colour that the page itself would hide');
          this.#show(child, pre);
        } else if (child.text.trim() !== '') {
          if (gathered.text === '') gathered.start = child.start;
          gathered.hidden = hidden;
          gathered.end = child.end;
          if (gathered.text.length < REMOVED_MAX) gathered.text += child.text;
        }
      } else this.#enter(child as Element, look, pre);
    }
    if (gathered.hidden)
      this.#collector.find(
        gathered.hidden.kind,
        'low',
        this.#part,
        gathered.start,
        gathered.end,
        gathered.hidden.detail,
        gathered.text,
      );
  }

  #enter(element: Element, parent: Look, pre: boolean): void {
    const { name, attributes } = element;
    if (name === 'style') return;
    if (name === 'script') {
      this.#collector.find(
        'active_content',
        'info',
        this.#part,
        element.start,
        element.end,
        'a script',
        textOf(element, 2000),
      );
      return;
    }
    this.#attributes(element);
    if (name === 'title' || name === 'head') {
      // The head of a page shows nothing but what is read elsewhere: styles, and metadata.
      if (name === 'title') this.#remove(element, { kind: 'metadata_text', detail: 'the title of the page' }, 'info');
      else for (const child of element.children) if (child.type === 'element') this.#enter(child, parent, pre);
      return;
    }
    const never = Object.hasOwn(NEVER_SHOWN, name) ? NEVER_SHOWN[name] : undefined;
    if (never !== undefined) {
      this.#remove(element, { kind: 'never_shown', detail: never });
      return;
    }
    const style = this.#sheets.styleOf(element, presentationOf(element), parseDeclarations(attributes.style ?? ''));
    const look = lookOf(style, parent, (what) => this.#note(element, 'style_not_judged', `${what} cannot be judged`));
    const hidden = look.hidden ?? hiddenByAttribute(element, style);
    // What a parent has hidden is told once, for the parent.
    if (hidden) {
      this.#remove(element, hidden);
      return;
    }
    if (name === 'details' && !Object.hasOwn(attributes, 'open'))
      this.#collector.find(
        'collapsed_text',
        'info',
        this.#part,
        element.start,
        element.tagEnd,
        'content that is shown after one click was kept',
      );
    const kind = Object.hasOwn(BLOCKS, name) ? BLOCKS[name]! : null;
    if (kind || BREAKS.has(name)) this.#endBlock(kind ?? this.#kind);
    if (name === 'br' || name === 'wbr')
      this.#text.push(name === 'br' ? '\n' : '', element.start, element.tagEnd, false);
    this.#walk(element, look, pre || name === 'pre' || name === 'textarea');
    if (name === 'a') this.#link(element);
    if (kind || BREAKS.has(name)) this.#endBlock('paragraph');
  }

  #comment({ text, start, end }: Leaf): void {
    if (text.trim() !== '') this.#collector.find('comment', 'low', this.#part, start, end, 'a comment', text);
  }

  /** Takes an element out with all that is in it. */
  #remove(element: Element, { kind, detail }: Hidden, severity: 'info' | 'low' = 'low'): void {
    const text = textOf(element, REMOVED_MAX);
    if (text.trim() !== '') this.#collector.find(kind, severity, this.#part, element.start, element.end, detail, text);
    this.#hiddenAttributes(element);
  }

  #hiddenAttributes(element: Element): void {
    for (const child of element.children) {
      if (child.type === 'comment') this.#comment(child);
      if (child.type !== 'element') continue;
      this.#attributes(child);
      this.#hiddenAttributes(child);
    }
  }

  #attributes(element: Element): void {
    const { name, attributes, start, tagEnd } = element;
    for (const [key, value] of Object.entries(attributes)) {
      const text = value.trim();
      const data = key.startsWith('data-') || key.startsWith('x-');
      if (text === '' || (!data && !TEXT_ATTRIBUTES.includes(key))) continue;
      // Codes and numbers are no text; three words are.
      if ((data || name === 'meta' || key === 'value') && !/\p{L}{2,}[^\p{L}]+\p{L}{2,}[^\p{L}]+\p{L}{2,}/u.test(text))
        continue;
      if (name === 'meta' && key !== 'content') continue;
      const kind = name === 'meta' ? 'metadata_text' : 'attribute_text';
      this.#collector.find(
        kind,
        text.length > 80 ? 'low' : 'info',
        this.#part,
        start,
        tagEnd,
        `the attribute ${key.slice(0, 40)} of ${name.slice(0, 40)}`,
        text,
      );
    }
    if (
      /^(?:javascript|data|vbscript):/i.test(
        (attributes.href ?? attributes.src ?? '').replaceAll(/[\s\p{Cc}]/gu, ''),
      ) &&
      name !== 'img'
    )
      this.#collector.find(
        'active_content',
        'low',
        this.#part,
        start,
        tagEnd,
        'an address that is a script or a document of its own',
        attributes.href ?? attributes.src,
      );
  }

  /** A link whose text is an address and that leads elsewhere. */
  #link(element: Element): void {
    const shown = hostOf(textOf(element, 300).trim());
    const real = hostOf(element.attributes.href ?? '');
    if (shown && real && shown !== real)
      this.#collector.find(
        'link_differs',
        'high',
        this.#part,
        element.start,
        element.end,
        `the text of a link names ${shown} and leads to ${real}`,
      );
  }

  #show({ text, start, end }: Leaf, pre: boolean): void {
    const verbatim = end - start === text.length && this.#source.slice(start, end) === text;
    if (this.#options.markdown) {
      this.#showMarkdown(text, start, end, verbatim);
      return;
    }
    if (pre) {
      this.#text.push(text, start, end, verbatim);
      return;
    }
    // Runs of white space are one space, as a browser shows them.
    let at = 0;
    for (const match of text.matchAll(/[ \t\n\r\f]+/g)) {
      this.#push(text, at, match.index, start, end, verbatim);
      at = match.index + match[0].length;
      const place = verbatim ? ([start + match.index, start + at] as const) : ([start, end] as const);
      this.#text.push(' ', ...place, verbatim && match[0] === ' ');
    }
    this.#push(text, at, text.length, start, end, verbatim);
  }

  #push(text: string, from: number, to: number, start: number, end: number, verbatim: boolean): void {
    if (from === to) return;
    if (verbatim) this.#text.push(text.slice(from, to), start + from, start + to, true);
    else this.#text.push(text.slice(from, to), start, end, false);
  }

  #showMarkdown(text: string, start: number, end: number, verbatim: boolean): void {
    let at = 0;
    for (const match of text.matchAll(/\n[ \t\r]*\n\s*/g)) {
      this.#push(text, at, match.index, start, end, verbatim);
      this.#endBlock('paragraph');
      at = match.index + match[0].length;
    }
    this.#push(text, at, text.length, start, end, verbatim);
  }

  #endBlock(next: BlockKind): void {
    const text = this.#text;
    if (text.text.trim() !== '') {
      const kind = this.#options.markdown ? markdownKind(text.text) : this.#kind;
      const add = this.#options.add ?? ((...block: Parameters<Collector['add']>) => this.#collector.add(...block));
      add(kind, this.#part, trimmed(text));
    }
    this.#text = new MappedText();
    this.#kind = next;
  }
}

function trimmed(text: MappedText): MappedText {
  const whole = text.text;
  const from = whole.length - whole.trimStart().length;
  const cut = new MappedText();
  cut.append(text, from, whole.trimEnd().length);
  return cut;
}

function markdownKind(text: string): BlockKind {
  if (/^\s{0,3}#{1,6}\s/.test(text)) return 'heading';
  if (/^\s{0,3}(?:[-*+]|\d{1,9}[.)])\s/.test(text)) return 'list_item';
  return /^(?:\s{0,3}(?:```|~~~)| {4})/.test(text) ? 'code' : 'paragraph';
}

/** Whether a rule that was not applied could matter: it hides, or it colours text. */
function mayHide(declarations: Declarations): boolean {
  return hiddenText(lookOf(declarations, PLAIN_LOOK, () => undefined)) !== null || declarations.has('color');
}

function hostOf(address: string): string | null {
  const match = /^(?:https?:\/\/)?((?:[a-z0-9-]+\.)+[a-z]{2,24})(?:[/:?#]|$)/i.exec(address.trim());
  return match ? match[1]!.toLowerCase().replace(/^www\./, '') : null;
}

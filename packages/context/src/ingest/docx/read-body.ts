import { MappedText } from '../../text-map.ts';
import type { Collector, Part } from '../collector.ts';
import type { Colour } from '../colour.ts';
import { decodeText, partOf } from '../decode-text.ts';
import type { BlockKind } from '../document.ts';
import type { Hidden } from '../html/hiding.ts';
import { hiddenRun, mergeStyles, type RunStyle, takeProperty } from './run-style.ts';
import type { Styles } from './styles.ts';
import { readXml } from './xml.ts';

/** English Metric Units: farther than a metre from its page nobody looks. */
const FAR_EMU = 36_000_000;
/** Twentieths of a point: a frame that far out is on no page. */
const FAR_TWIPS = 20_000;

interface Paragraph {
  readonly text: MappedText;
  style: string | undefined;
  shade: Colour | undefined;
  kind: BlockKind;
  hidden: Hidden | null;
}

/** Text that is taken out, joined while it goes on for the same reason. */
interface Taken {
  readonly hidden: Hidden;
  text: string;
  start: number;
  end: number;
}

/** What contains text that no reader of the document sees, by element. */
const TAKEN_OUT: Readonly<Record<string, Hidden>> = {
  'w:del': { kind: 'deleted_revision', detail: 'text that was deleted with changes tracked' },
  'w:moveFrom': { kind: 'deleted_revision', detail: 'text that was moved away with changes tracked' },
  'w:delText': { kind: 'deleted_revision', detail: 'text that was deleted with changes tracked' },
  'w:instrText': { kind: 'field_code', detail: 'the code of a field' },
  'w:delInstrText': { kind: 'field_code', detail: 'the code of a deleted field' },
  'mc:Fallback': { kind: 'alternate_content', detail: 'content for programs that cannot show the other form' },
};

export interface BodyOptions {
  readonly styles: Styles;
  readonly page: Colour;
  /** Everything in this part is taken out for this reason (comments, headers and footers). */
  readonly all: Hidden | null;
}

/**
 * Reads one part of a Word document as a person sees it. Inserted text of tracked changes is kept, because Word shows it,
 * and noted; deleted text is taken out.
 */
export function readBody(bytes: Uint8Array, partName: string, collector: Collector, options: BodyOptions): void {
  const reader = new BodyReader(partOf(decodeText(bytes), partName), decodeText(bytes).text, collector, options);
  readXml(bytes, partName, collector, reader);
  reader.end();
}

class BodyReader {
  readonly #part: Part;
  readonly #source: string;
  readonly #collector: Collector;
  readonly #options: BodyOptions;
  readonly #open: string[] = [];
  readonly #paragraphs: Paragraph[] = [];
  readonly #hiding: { depth: number; hidden: Hidden }[] = [];
  readonly #cellShades: (Colour | undefined)[] = [];
  #run: RunStyle = {};
  #runStyle: string | undefined;
  #taken: Taken | null = null;

  constructor(part: Part, source: string, collector: Collector, options: BodyOptions) {
    this.#part = part;
    this.#source = source;
    this.#collector = collector;
    this.#options = options;
  }

  #inside(name: string): boolean {
    return this.#open.includes(name);
  }

  open(name: string, attributes: Readonly<Record<string, string>>, start: number, end: number): void {
    this.#open.push(name);
    const takenOut = TAKEN_OUT[name];
    if (takenOut) this.#hide(takenOut);
    if (name === 'w:p')
      this.#paragraphs.push({
        text: new MappedText(),
        style: undefined,
        shade: undefined,
        kind: this.#inside('w:tc') ? 'table_cell' : 'paragraph',
        hidden: null,
      });
    else if (name === 'w:r') {
      this.#run = {};
      this.#runStyle = undefined;
    } else if (name === 'w:tc') this.#cellShades.push(undefined);
    else if (name === 'w:ins' && !this.#inside('w:rPr') && !this.#inside('w:trPr'))
      this.#collector.find(
        'inserted_revision',
        'info',
        this.#part,
        start,
        end,
        'text that was inserted with changes tracked was kept',
      );
    else if (name === 'w:fldSimple') this.#note('field_code', 'the code of a field', start, end, attributes.instr);
    else if (name === 'wp:docPr') {
      this.#note(
        'attribute_text',
        'the description of a picture or shape',
        start,
        end,
        [attributes.descr, attributes.title].filter(Boolean).join(' '),
      );
      if (attributes.hidden === '1' || attributes.hidden === 'true')
        this.#hide({ kind: 'hidden_run', detail: 'a hidden shape' }, 1);
    } else if (name === 'wp:extent' && (attributes.cx === '0' || attributes.cy === '0'))
      this.#hide({ kind: 'hidden_run', detail: 'a shape without size' }, 1);
    else if (name === 'w:altChunk')
      this.#collector.find(
        'embedded_file',
        'high',
        this.#part,
        start,
        end,
        'a document of another type that Word would put in here; it was not read',
      );
    else if (name === 'w:tab' || name === 'w:br' || name === 'w:cr' || name === 'w:noBreakHyphen') {
      if (this.#inside('w:r')) this.#put(name === 'w:tab' ? '\t' : name === 'w:noBreakHyphen' ? '-' : '\n', start, end);
    } else this.#property(name, attributes);
  }

  #property(name: string, attributes: Readonly<Record<string, string>>): void {
    const paragraph = this.#paragraphs.at(-1);
    // The properties of a paragraph's mark are not those of its text.
    if (this.#inside('w:rPr')) {
      if (this.#inside('w:pPr') || this.#inside('w:rPrChange')) return;
      if (name === 'w:rStyle') this.#runStyle = attributes.val;
      else takeProperty(this.#run, name, attributes);
    } else if (name === 'w:hidden' && this.#inside('w:trPr')) this.#hideRow();
    else if (name === 'w:shd') {
      const shade: RunStyle = {};
      takeProperty(shade, name, attributes);
      if (this.#inside('w:tcPr') && !this.#inside('w:pPr')) this.#cellShades[this.#cellShades.length - 1] = shade.shade;
      else if (paragraph && this.#inside('w:pPr')) paragraph.shade = shade.shade;
    } else if (paragraph && name === 'w:pStyle') {
      paragraph.style = attributes.val;
      if (/^heading/i.test(attributes.val ?? '')) paragraph.kind = 'heading';
    } else if (paragraph && name === 'w:numPr' && paragraph.kind === 'paragraph') paragraph.kind = 'list_item';
    else if (
      paragraph &&
      name === 'w:framePr' &&
      [attributes.x, attributes.y].some((at) => Math.abs(Number(at ?? 0)) > FAR_TWIPS)
    )
      paragraph.hidden = { kind: 'off_screen', detail: 'a frame beside the page' };
  }

  /** Takes out what follows, to the end of the element that is open now, or of one of those around it. */
  #hide(hidden: Hidden, above = 0): void {
    this.#hiding.push({ depth: this.#open.length - above, hidden });
  }

  #hideRow(): void {
    const row = this.#open.lastIndexOf('w:tr');
    if (row >= 0)
      this.#hiding.push({ depth: row + 1, hidden: { kind: 'hidden_run', detail: 'a hidden row of a table' } });
  }

  close(name: string): void {
    while ((this.#hiding.at(-1)?.depth ?? 0) >= this.#open.length && this.#hiding.length > 0) this.#hiding.pop();
    this.#open.pop();
    if (name === 'w:tc') this.#cellShades.pop();
    if (name !== 'w:p') return;
    const paragraph = this.#paragraphs.pop();
    if (paragraph && paragraph.text.text.trim() !== '') {
      this.#flush();
      this.#collector.add(paragraph.kind, this.#part, paragraph.text);
    }
  }

  text(text: string, start: number, end: number): void {
    const inside = this.#open.at(-1);
    if (inside === 'wp:posOffset') {
      if (Math.abs(Number(text)) > FAR_EMU) this.#hide({ kind: 'off_screen', detail: 'a shape beside the page' }, 2);
      return;
    }
    if (
      inside === 'w:t' ||
      inside === 'm:t' ||
      inside === 'a:t' ||
      inside === 'w:delText' ||
      inside === 'w:instrText' ||
      inside === 'w:delInstrText'
    )
      this.#put(text, start, end);
  }

  #put(text: string, start: number, end: number): void {
    const hidden = this.#whyHidden();
    if (hidden) {
      if (this.#taken?.hidden.detail === hidden.detail) {
        if (this.#taken.text.length < 20_000) this.#taken.text += text;
        this.#taken.end = end;
        return;
      }
      this.#flush();
      this.#taken = { hidden, text, start, end };
      return;
    }
    if (text.trim() !== '') this.#flush();
    this.#paragraphs.at(-1)?.text.push(text, start, end, this.#source.slice(start, end) === text);
  }

  #whyHidden(): Hidden | null {
    const { styles, page, all } = this.#options;
    if (all) return all;
    const around = this.#hiding.at(-1)?.hidden;
    if (around) return around;
    const paragraph = this.#paragraphs.at(-1);
    if (!paragraph) return { kind: 'hidden_run', detail: 'text outside every paragraph' };
    if (paragraph.hidden) return paragraph.hidden;
    const style = mergeStyles(this.#run, styles.of(this.#runStyle), styles.of(paragraph.style), styles.defaults);
    const under = paragraph.shade ?? this.#cellShades.findLast((shade) => shade !== undefined) ?? page;
    return hiddenRun(style, under);
  }

  #note(
    kind: 'field_code' | 'attribute_text',
    detail: string,
    start: number,
    end: number,
    text: string | undefined,
  ): void {
    if (text?.trim()) this.#collector.find(kind, 'info', this.#part, start, end, detail, text);
  }

  #flush(): void {
    const taken = this.#taken;
    this.#taken = null;
    if (taken && taken.text.trim() !== '')
      this.#collector.find(
        taken.hidden.kind,
        taken.hidden.kind === 'field_code' ? 'info' : 'low',
        this.#part,
        taken.start,
        taken.end,
        taken.hidden.detail,
        taken.text,
      );
  }

  end(): void {
    this.#flush();
  }
}

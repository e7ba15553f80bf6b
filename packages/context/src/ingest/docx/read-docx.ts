import { type Collector, charPart } from '../collector.ts';
import { type Colour, parseColour, WHITE } from '../colour.ts';
import type { Hidden } from '../html/hiding.ts';
import { Refused } from '../limits.ts';
import { openZip } from '../zip.ts';
import { readBody } from './read-body.ts';
import { readStyles } from './styles.ts';
import { readXml } from './xml.ts';

const MAIN = 'word/document.xml';

const COMMENTS: Hidden = { kind: 'comment', detail: 'a comment beside the text' };
const EDGES: Hidden = { kind: 'header_footer', detail: 'a header or footer of the pages' };

/** Parts besides the main one that hold text, in the order in which they are read. */
const TEXT_PARTS: readonly (readonly [RegExp, Hidden | null])[] = [
  [/^word\/footnotes\d*\.xml$/, null],
  [/^word\/endnotes\d*\.xml$/, null],
  [/^word\/comments[a-zA-Z]*\d*\.xml$/, COMMENTS],
  [/^word\/(?:header|footer)\d*\.xml$/, EDGES],
  [
    /^word\/glossary\/document\.xml$/,
    { kind: 'never_shown', detail: 'building blocks, which are not part of the text' },
  ],
];

/**
 * Reads a Word document (ISO/IEC 29500) from its parts, so that every text has its place and what Word does not show can
 * be told from what it shows. Offsets are bytes of the unpacked part that `part` names.
 */
export function readDocx(bytes: Uint8Array, prefix: string, collector: Collector): void {
  const archive = openZip(bytes, collector);
  const named = (name: string) => `${prefix}${name}`;
  const main = archive.read(MAIN);
  if (!main) throw new Refused('malformed', 'the archive holds no text of a Word document');
  const whole = charPart(prefix === '' ? '' : prefix.slice(0, -1));
  if (archive.strayBytes > 1024)
    collector.find('polyglot', 'low', whole, 0, 0, 'bytes before or behind the archive belong to no part of it');
  const styles = readStyles(archive.read('word/styles.xml'), collector);
  const page = pageColour(main, collector);
  readBody(main, named(MAIN), collector, { styles, page, all: null });
  for (const [pattern, all] of TEXT_PARTS)
    for (const name of archive.names.filter((each) => pattern.test(each)).sort())
      readBody(archive.read(name)!, named(name), collector, { styles, page: WHITE, all });
  for (const name of archive.names) {
    const part = charPart(named(name));
    if (/^docProps\/.*\.xml$/.test(name)) readProperties(archive.read(name)!, named(name), collector);
    else if (/^word\/(?:embeddings|activeX)\/|^word\/afchunk/i.test(name))
      collector.find('embedded_file', 'low', part, 0, 0, 'an embedded file, which was not read');
    else if (/vbaProject\.bin$|^word\/vbaData\.xml$/i.test(name))
      collector.find('active_content', 'high', part, 0, 0, 'macros');
    else if (/\.rels$/.test(name)) readRelations(archive.read(name)!, named(name), collector);
  }
}

/** The colour of the pages, where the document sets one. */
function pageColour(main: Uint8Array, collector: Collector): Colour {
  let page: Colour = WHITE;
  // The part is read a second time for its text; what is noticed is told then.
  readXml(
    main,
    MAIN,
    { limits: collector.limits, find: () => undefined },
    {
      open(name, attributes) {
        if (name === 'w:background') page = parseColour(`#${attributes.color ?? ''}`) ?? WHITE;
      },
      close: () => undefined,
      text: () => undefined,
    },
  );
  return page;
}

function readProperties(bytes: Uint8Array, name: string, collector: Collector): void {
  const inside: string[] = [];
  readXml(bytes, name, collector, {
    open: (element) => inside.push(element),
    close: () => inside.pop(),
    text(text, start, end) {
      // Numbers and dates are no text.
      if (/\p{L}{2}/u.test(text) && !/^\d{4}-\d\d-\d\dT/.test(text))
        collector.find(
          'metadata_text',
          'info',
          charPart(name),
          start,
          end,
          `a property of the document (${inside.at(-1)?.split(':')[1] ?? ''})`,
          text,
        );
    },
  });
}

function readRelations(bytes: Uint8Array, name: string, collector: Collector): void {
  readXml(bytes, name, collector, {
    open(_element, { TargetMode, Target, Type = '' }, start, end) {
      if (TargetMode !== 'External' || Type.endsWith('/hyperlink')) return;
      const severity = /attachedTemplate|oleObject|frame|subDocument/i.test(Type) ? 'high' : 'low';
      collector.find(
        'external_reference',
        severity,
        charPart(name),
        start,
        end,
        `something outside that Word would load (${Type.split('/').at(-1)})`,
        Target,
      );
    },
    close: () => undefined,
    text: () => undefined,
  });
}

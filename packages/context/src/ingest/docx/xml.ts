import { Parser } from 'htmlparser2';
import { type Collector, charPart } from '../collector.ts';
import { decodeText, partOf } from '../decode-text.ts';
import { Refused } from '../limits.ts';

/** Short names for the namespaces that are looked at, transitional and strict (ISO/IEC 29500). */
const NAMESPACES: Readonly<Record<string, string>> = {
  'http://schemas.openxmlformats.org/wordprocessingml/2006/main': 'w',
  'http://purl.oclc.org/ooxml/wordprocessingml/main': 'w',
  'http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing': 'wp',
  'http://purl.oclc.org/ooxml/drawingml/wordprocessingDrawing': 'wp',
  'http://schemas.openxmlformats.org/drawingml/2006/main': 'a',
  'http://purl.oclc.org/ooxml/drawingml/main': 'a',
  'http://schemas.openxmlformats.org/markup-compatibility/2006': 'mc',
  'http://schemas.openxmlformats.org/officeDocument/2006/math': 'm',
  'http://purl.oclc.org/ooxml/officeDocument/math': 'm',
};

export interface XmlEvents {
  open(name: string, attributes: Readonly<Record<string, string>>, start: number, end: number): void;
  close(name: string, end: number): void;
  text(text: string, start: number, end: number): void;
}

/**
 * Reads one XML part as events, with names by namespace (`w:p`, whatever prefix the part uses) and attributes without
 * prefix. No document type is read and no entity but the five of XML is expanded, so nothing multiplies.
 */
export function readXml(
  bytes: Uint8Array,
  partName: string,
  collector: Pick<Collector, 'limits' | 'find'>,
  events: XmlEvents,
): void {
  const decoded = decodeText(bytes);
  const part = partOf(decoded, partName);
  const scopes: { name: string; prefixes: ReadonlyMap<string, string> }[] = [];
  let prefixes: ReadonlyMap<string, string> = new Map();
  const resolve = (name: string, scope: ReadonlyMap<string, string>): string => {
    const colon = name.indexOf(':');
    const space = scope.get(colon < 0 ? '' : name.slice(0, colon)) ?? '?';
    return `${space}:${name.slice(colon + 1)}`;
  };
  const parser: Parser = new Parser(
    {
      onopentag(name, attributes) {
        const declared = Object.entries(attributes).filter(([key]) => key === 'xmlns' || key.startsWith('xmlns:'));
        if (declared.length > 0) {
          const scope = new Map(prefixes);
          for (const [key, uri] of declared) scope.set(key.slice(6), NAMESPACES[uri] ?? '?');
          prefixes = scope;
        }
        const plain: Record<string, string> = Object.create(null);
        for (const [key, value] of Object.entries(attributes)) plain[key.slice(key.indexOf(':') + 1)] = value;
        const resolved = resolve(name, prefixes);
        scopes.push({ name: resolved, prefixes });
        if (scopes.length > collector.limits.depth_max)
          throw new Refused('too_deep', `elements are nested deeper than ${collector.limits.depth_max}`);
        events.open(resolved, plain, parser.startIndex, parser.endIndex + 1);
      },
      onclosetag() {
        const closed = scopes.pop();
        prefixes = scopes.at(-1)?.prefixes ?? new Map();
        if (closed) events.close(closed.name, parser.endIndex + 1);
      },
      ontext: (text) => events.text(text, parser.startIndex, parser.endIndex + 1),
      oncomment(text) {
        if (text.trim() !== '')
          collector.find(
            'comment',
            'low',
            part,
            parser.startIndex,
            parser.endIndex + 1,
            'a comment in the XML of the document',
            text,
          );
      },
      onprocessinginstruction(name) {
        if (/^!doctype/i.test(name))
          collector.find(
            'xml_doctype',
            'high',
            charPart(partName),
            0,
            0,
            'a document type, which no Word document has; its entities were not expanded',
          );
      },
    },
    { xmlMode: true, decodeEntities: true },
  );
  parser.write(decoded.text);
  parser.end();
}

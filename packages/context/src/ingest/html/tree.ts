import { Parser } from 'htmlparser2';
import { Refused } from '../limits.ts';

const NODES_MAX = 400_000;

/** Offsets are characters of the source: of an element those of its opening tag, and where its content ends. */
export interface Element {
  readonly type: 'element';
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly parent: Element | null;
  readonly children: Node[];
  readonly start: number;
  readonly tagEnd: number;
  end: number;
}

export interface Leaf {
  readonly type: 'text' | 'comment';
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

export type Node = Element | Leaf;

/** Parses HTML into a tree, forgiving as a browser is. Refuses what is nested deeper than `depthMax`. */
export function parseHtml(source: string, depthMax: number): Element {
  const root: Element = {
    type: 'element',
    name: '#root',
    attributes: {},
    parent: null,
    children: [],
    start: 0,
    tagEnd: 0,
    end: source.length,
  };
  const stack: Element[] = [root];
  let nodes = 0;
  const add = (node: Node): void => {
    if (++nodes > NODES_MAX) throw new Refused('too_large', `has more than ${NODES_MAX} elements and texts`);
    stack.at(-1)!.children.push(node);
  };
  const parser: Parser = new Parser(
    {
      onopentag(name, attributes) {
        const element: Element = {
          type: 'element',
          name,
          attributes,
          parent: stack.at(-1)!,
          children: [],
          start: parser.startIndex,
          tagEnd: parser.endIndex + 1,
          end: source.length,
        };
        add(element);
        stack.push(element);
        if (stack.length > depthMax) throw new Refused('too_deep', `elements are nested deeper than ${depthMax}`);
      },
      onclosetag() {
        const element = stack.length > 1 ? stack.pop() : undefined;
        if (element) element.end = Math.max(element.tagEnd, parser.endIndex + 1);
      },
      ontext(text) {
        add({ type: 'text', text, start: parser.startIndex, end: parser.endIndex + 1 });
      },
      oncomment(text) {
        add({ type: 'comment', text, start: parser.startIndex, end: parser.endIndex + 1 });
      },
      onprocessinginstruction(name, data) {
        if (!/^!doctype/i.test(name))
          add({ type: 'comment', text: data, start: parser.startIndex, end: parser.endIndex + 1 });
      },
    },
    { decodeEntities: true, lowerCaseTags: true, lowerCaseAttributeNames: true },
  );
  parser.write(source);
  parser.end();
  return root;
}

/** The text under a node, as it stands, up to `max` characters. */
export function textOf(node: Node, max: number): string {
  if (node.type !== 'element') return node.type === 'text' ? node.text.slice(0, max) : '';
  let text = '';
  for (const child of node.children) {
    if (text.length >= max) break;
    text += textOf(child, max - text.length);
  }
  return text;
}

import { printable, style, wrap } from '../output.ts';

// biome-ignore lint/suspicious/noExplicitAny: a value of the approval view of the API
type View = any;

const MARKS: { readonly [kind: string]: string } = {
  constant: 'by the workflow’s code',
  request: 'from the request',
  reviewer: 'by a reviewer who amended it',
  'trusted-record': 'from a trusted record',
  'untrusted-document': 'UNTRUSTED document',
  bounded: 'of a bounded type',
  model: 'written by the model from UNTRUSTED data',
};

/** A value, whole. A mark says where values came from: once for a part whose values all came from the same. */
export function renderValue(
  value: View,
  path: string,
  indent: number,
  leaves: ReadonlyMap<string, View>,
  out: string[],
): void {
  const pad = ' '.repeat(indent);
  for (const [key, item] of Object.entries(value)) {
    const at = `${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    const name = Array.isArray(value) ? `${Number(key) + 1}.` : `${printable(key)}:`;
    const marks = marksBelow(at, leaves);
    const mark = marks.size === 1 ? style('dim', `   ← ${[...marks][0]}`) : '';
    if (typeof item !== 'object' || item === null) {
      out.push(`${pad}${name} ${wrap(printable(String(item)), indent + 2)}${mark}`);
      continue;
    }
    const empty = Object.keys(item).length === 0;
    out.push(`${pad}${name}${empty ? ' (none)' : ''}${mark}`);
    renderValue(item, at, indent + 2, marks.size === 1 ? NO_LEAVES : leaves, out);
  }
}

export const NO_LEAVES: ReadonlyMap<string, View> = new Map();

function marksBelow(path: string, leaves: ReadonlyMap<string, View>): Set<string> {
  const marks = new Set<string>();
  for (const [leaf, { kind }] of leaves) {
    if (leaf === path || leaf.startsWith(`${path}/`)) marks.add(MARKS[kind] ?? printable(kind));
  }
  return marks;
}

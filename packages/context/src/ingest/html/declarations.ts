export type Declarations = ReadonlyMap<string, { readonly value: string; readonly important: boolean }>;

/** The properties by which text is hidden. Others are not looked at. */
const WATCHED = new Set([
  'display',
  'visibility',
  'content-visibility',
  'opacity',
  'filter',
  'color',
  '-webkit-text-fill-color',
  'background',
  'background-color',
  'background-image',
  'font',
  'font-size',
  'line-height',
  'text-indent',
  'clip',
  'clip-path',
  'position',
  'left',
  'right',
  'top',
  'bottom',
  'inset',
  'margin',
  'margin-left',
  'margin-top',
  'transform',
  'scale',
  'zoom',
  'width',
  'height',
  'max-width',
  'max-height',
  'overflow',
  'overflow-x',
  'overflow-y',
  'z-index',
  'letter-spacing',
]);

const DECLARATIONS_MAX = 200;

/** The watched declarations of a style attribute or a rule's body; the last of each name counts, `!important` more. */
export function parseDeclarations(body: string): Declarations {
  const declarations = new Map<string, { value: string; important: boolean }>();
  for (const part of body
    .replaceAll(/\/\*[\s\S]*?(?:\*\/|$)/g, ' ')
    .split(';')
    .slice(0, DECLARATIONS_MAX)) {
    const colon = part.indexOf(':');
    if (colon < 0) continue;
    const name = unescapeCss(part.slice(0, colon)).trim().toLowerCase();
    if (!WATCHED.has(name)) continue;
    const raw = unescapeCss(part.slice(colon + 1))
      .trim()
      .toLowerCase();
    const important = /!\s*important$/.test(raw);
    const value = raw.replace(/\s*!\s*important$/, '').slice(0, 500);
    if (important || !declarations.get(name)?.important) declarations.set(name, { value, important });
  }
  return declarations;
}

/** `d\69 splay` is `display`: escapes are undone before a name or value is looked at. */
export function unescapeCss(text: string): string {
  return text.replaceAll(/\\(?:([0-9a-fA-F]{1,6})\s?|([^\n]))/g, (_match, hex?: string, plain?: string) => {
    if (hex === undefined) return plain ?? '';
    const point = Number.parseInt(hex, 16);
    return point > 0 && point <= 0x10ffff ? String.fromCodePoint(point) : '\ufffd';
  });
}

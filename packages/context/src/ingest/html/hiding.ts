import { BLACK, type Colour, isUnreadable, over, parseColour, WHITE } from '../colour.ts';
import type { DocumentFindingKind } from '../document.ts';
import type { Declarations } from './declarations.ts';

/** Text smaller than this is not read. Pixels. */
const TINY_PX = 2;
/** Farther than this beyond an edge nobody scrolls. Pixels. */
const FAR_PX = 400;
const FAINT_OPACITY = 0.1;

export interface Hidden {
  readonly kind: DocumentFindingKind;
  readonly detail: string;
}

/** What an element passes on to its content. */
export interface Look {
  /** Why nothing below is seen, whatever it says itself. */
  readonly hidden: Hidden | null;
  readonly invisible: boolean;
  readonly opacity: number;
  readonly font_px: number;
  readonly colour: Colour;
  readonly background: Colour;
  /** An image or a gradient lies under the text: its colour is not known. */
  readonly background_unknown: boolean;
  readonly indent_px: number;
}

export const PLAIN_LOOK: Look = {
  hidden: null,
  invisible: false,
  opacity: 1,
  font_px: 16,
  colour: BLACK,
  background: WHITE,
  background_unknown: false,
  indent_px: 0,
};

/** How an element looks, from its declarations and what it is in. `unclear` is told what cannot be judged. */
export function lookOf(style: Declarations, parent: Look, unclear: (what: string) => void): Look {
  if (style.size === 0) return parent;
  const get = (name: string): string => {
    const value = style.get(name)?.value ?? '';
    if (value.includes('var(') || value.includes('env(')) unclear(`${name}: ${value}`);
    return value;
  };
  const font = fontSize(
    get('font-size') || /(?:^|\s)([\d.]+(?:px|pt|em|rem|%|ex)?)(?:\s*\/\s*[^\s]+)?\s+\S/.exec(get('font'))?.[1],
    parent.font_px,
  );
  const px = (name: string) => lengthPx(get(name), font);
  const opacity = parent.opacity * (Number.isFinite(fraction(get('opacity'))) ? fraction(get('opacity')) : 1);
  const colour = parseColour(get('-webkit-text-fill-color')) ?? parseColour(get('color'));
  const background = backgroundOf(get('background-color'), get('background'));
  const image = /url\(|gradient\(/.test(`${get('background')} ${get('background-image')}`);
  const visibility = get('visibility');
  const solid = background !== null && background[3] >= 0.9;
  const indent = lengthPx(get('text-indent'), font);
  return {
    hidden: parent.hidden ?? hiddenBox(get, px, opacity, unclear),
    invisible: visibility === '' || visibility === 'inherit' ? parent.invisible : visibility !== 'visible',
    opacity,
    font_px: font,
    colour: colour ?? parent.colour,
    background: background ? over(background, parent.background) : parent.background,
    background_unknown: image || (parent.background_unknown && !solid),
    indent_px: indent ?? parent.indent_px,
  };
}

/** Ways in which a box takes all that is in it out of sight. */
function hiddenBox(
  get: (name: string) => string,
  px: (name: string) => number | null,
  opacity: number,
  unclear: (what: string) => void,
): Hidden | null {
  const style = (detail: string): Hidden => ({ kind: 'hidden_style', detail });
  if (get('display') === 'none') return style('display: none');
  if (get('content-visibility') === 'hidden') return style('content-visibility: hidden');
  if (opacity < FAINT_OPACITY) return style(`opacity: ${opacity}`);
  if (/opacity\(\s*(?:0?\.0\d*|0+%?)\s*\)/.test(get('filter'))) return style(`filter: ${get('filter')}`);
  if (/^rect\(\s*(?:0(?:px)?[\s,]*){4}\)$|^rect\(\s*1px[\s,]+1px[\s,]+1px[\s,]+1px\s*\)$/.test(get('clip')))
    return style(`clip: ${get('clip')}`);
  if (
    /inset\(\s*(?:100%|50%|[1-9]\d{3,}px)|circle\(\s*0|polygon\(\s*(?:0(?:px|%)?\s+0(?:px|%)?[\s,]*)+\)/.test(
      get('clip-path'),
    )
  )
    return style(`clip-path: ${get('clip-path')}`);
  if (
    /scale(?:3d|x|y)?\(\s*0?\.?0*\s*[,)]/.test(get('transform')) ||
    /^0?\.?0+\b/.test(get('scale')) ||
    get('zoom') === '0'
  )
    return style('scaled to nothing');
  const moved =
    /translate(?:3d|x|y)?\(\s*(-?[\d.]+(?:px|em|rem|vw|vh|%)?)(?:\s*,\s*(-?[\d.]+(?:px|em|rem|vw|vh|%)?))?/.exec(
      get('transform'),
    );
  for (const part of moved?.slice(1) ?? []) {
    const by = lengthPx(part ?? '', 16);
    if (by !== null && Math.abs(by) >= FAR_PX * 2)
      return { kind: 'off_screen', detail: `transform: ${get('transform')}` };
  }
  if (['absolute', 'fixed', 'relative', 'sticky'].includes(get('position'))) {
    const inset = get('inset').split(/\s+/);
    for (const name of ['left', 'right', 'top', 'bottom'] as const) {
      const by = px(name) ?? lengthPx(inset[0] ?? '', 16);
      if (by !== null && by <= -FAR_PX) return { kind: 'off_screen', detail: `${name}: ${get(name) || get('inset')}` };
      if (by !== null && by >= 20_000) return { kind: 'off_screen', detail: `${name}: ${get(name)}` };
    }
    if ((px('z-index') ?? 0) < 0) unclear(`z-index: ${get('z-index')}`);
  }
  for (const name of ['margin-left', 'margin-top'] as const) {
    const by = px(name);
    if (by !== null && by <= -FAR_PX) return { kind: 'off_screen', detail: `${name}: ${get(name)}` };
  }
  if (
    get('margin')
      .split(/\s+/)
      .some((part) => (lengthPx(part, 16) ?? 0) <= -FAR_PX)
  )
    return { kind: 'off_screen', detail: `margin: ${get('margin')}` };
  const cut = /hidden|clip/.test(`${get('overflow')} ${get('overflow-x')} ${get('overflow-y')}`);
  for (const name of ['width', 'height', 'max-width', 'max-height'] as const) {
    const size = px(name);
    if (cut && size !== null && size <= 1) return style(`${name}: ${get(name)}, overflow hidden`);
  }
  return null;
}

/** Why text is not seen where it stands, or `null`. */
export function hiddenText(look: Look): Hidden | null {
  if (look.hidden) return look.hidden;
  if (look.invisible) return { kind: 'hidden_style', detail: 'visibility: hidden' };
  if (look.font_px < TINY_PX) return { kind: 'tiny_text', detail: `font-size: ${look.font_px}px` };
  if (look.indent_px <= -FAR_PX) return { kind: 'off_screen', detail: `text-indent: ${look.indent_px}px` };
  if (look.colour[3] < FAINT_OPACITY) return { kind: 'same_colour', detail: 'the text is transparent' };
  if (!look.background_unknown && isUnreadable(look.colour, look.background))
    return { kind: 'same_colour', detail: 'the text has the colour of what lies under it' };
  return null;
}

/** Over an image: text that the page's own colour would hide cannot be judged. */
export function isUnclear(look: Look): boolean {
  return look.background_unknown && isUnreadable(look.colour, look.background);
}

function backgroundOf(colour: string, shorthand: string): Colour | null {
  const direct = parseColour(colour);
  if (direct) return direct;
  for (const token of shorthand.match(/[a-z]+\([^()]*\)|[^\s,]+/g) ?? []) {
    const found = parseColour(token);
    if (found) return found;
  }
  return null;
}

function fraction(value: string): number {
  return value === '' ? Number.NaN : Number.parseFloat(value) / (value.endsWith('%') ? 100 : 1);
}

const NAMED_SIZES: Readonly<Record<string, number>> = {
  'xx-small': 9,
  'x-small': 10,
  small: 13,
  medium: 16,
  large: 18,
  'x-large': 24,
  'xx-large': 32,
};

function fontSize(value: string | undefined, parent: number): number {
  if (value === undefined || value === '') return parent;
  if (Object.hasOwn(NAMED_SIZES, value)) return NAMED_SIZES[value]!;
  if (value.endsWith('%')) return (parent * Number.parseFloat(value)) / 100;
  return lengthPx(value, parent) ?? parent;
}

/** A CSS length in pixels; percentages and viewport units as of a page of 1000 pixels. `null`: not a length. */
function lengthPx(value: string, em: number): number | null {
  const match =
    /^([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d{1,3})?)(px|pt|pc|em|rem|ex|ch|in|cm|mm|q|vw|vh|vmin|vmax|%)?$/.exec(
      value.trim(),
    );
  if (!match) return null;
  const unit: Readonly<Record<string, number>> = {
    px: 1,
    pt: 4 / 3,
    pc: 16,
    em,
    rem: 16,
    ex: em / 2,
    ch: em / 2,
    in: 96,
    cm: 37.8,
    mm: 3.78,
    q: 0.945,
    vw: 10,
    vh: 10,
    vmin: 10,
    vmax: 10,
    '%': 10,
  };
  const length = Number(match[1]) * (unit[match[2] ?? 'px'] ?? 1);
  return Number.isFinite(length) ? length : null;
}

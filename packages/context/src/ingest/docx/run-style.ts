import { BLACK, type Colour, isUnreadable, parseColour, WHITE } from '../colour.ts';
import type { Hidden } from '../html/hiding.ts';

/** Half points: smaller than two points is not read. */
const TINY_HALF_POINTS = 4;

/** The properties of a run by which its text is hidden; `undefined`: not said here. */
export interface RunStyle {
  vanish?: boolean;
  size?: number;
  colour?: Colour;
  shade?: Colour;
  /** Character width in percent. */
  width?: number;
}

const HIGHLIGHT: Readonly<Record<string, string>> = {
  darkBlue: 'navy',
  darkCyan: 'teal',
  darkGreen: 'green',
  darkMagenta: 'purple',
  darkRed: 'maroon',
  darkYellow: 'olive',
};
const LIGHT_THEMES = new Set(['background1', 'light1', 'bg1', 'lt1']);
const DARK_THEMES = new Set(['text1', 'dark1', 'tx1', 'dk1']);

/** Takes one element of `w:rPr` over into a style. */
export function takeProperty(style: RunStyle, name: string, attributes: Readonly<Record<string, string>>): void {
  const { val = '' } = attributes;
  const on = !/^(?:0|false|off)$/i.test(val);
  if (name === 'w:vanish' || name === 'w:specVanish' || name === 'w:webHidden') style.vanish = on;
  else if (name === 'w:sz' && /^\d{1,4}$/.test(val)) style.size = Number(val);
  else if (name === 'w:w' && /^\d{1,3}%?$/.test(val)) style.width = Number.parseInt(val, 10);
  else if (name === 'w:color') {
    const colour = colourOf(val, attributes.themeColor, attributes);
    if (colour) style.colour = colour;
  } else if (name === 'w:shd') {
    const shade = colourOf(attributes.fill ?? '', attributes.themeFill, attributes);
    if (shade) style.shade = shade;
  } else if (name === 'w:highlight' && val !== 'none') {
    const shade = parseColour(HIGHLIGHT[val] ?? val);
    if (shade) style.shade = shade;
  }
}

function colourOf(
  value: string,
  theme: string | undefined,
  attributes: Readonly<Record<string, string>>,
): Colour | null {
  const tinted =
    'themeTint' in attributes ||
    'themeShade' in attributes ||
    'themeFillTint' in attributes ||
    'themeFillShade' in attributes;
  if (theme !== undefined && !tinted) {
    if (LIGHT_THEMES.has(theme)) return WHITE;
    if (DARK_THEMES.has(theme)) return BLACK;
  }
  return value === 'auto' ? null : parseColour(`#${value}`);
}

/** The first style that says something counts, property by property. */
export function mergeStyles(...styles: readonly RunStyle[]): RunStyle {
  const merged: RunStyle = {};
  for (const style of styles) {
    if (merged.size === undefined && style.size !== undefined) merged.size = style.size;
    if (merged.width === undefined && style.width !== undefined) merged.width = style.width;
    if (merged.colour === undefined && style.colour !== undefined) merged.colour = style.colour;
    if (merged.shade === undefined && style.shade !== undefined) merged.shade = style.shade;
    if (merged.vanish === undefined && style.vanish !== undefined) merged.vanish = style.vanish;
  }
  return merged;
}

/** Why the text of a run is not seen, or `null`. `under` is the colour of what the run lies on. */
export function hiddenRun(style: RunStyle, under: Colour): Hidden | null {
  if (style.vanish) return { kind: 'hidden_run', detail: 'text that is marked as hidden' };
  if (style.size !== undefined && style.size < TINY_HALF_POINTS)
    return { kind: 'tiny_text', detail: `text of ${style.size / 2} points` };
  if (style.width !== undefined && style.width < 10)
    return { kind: 'tiny_text', detail: `letters of ${style.width} percent of their width` };
  const background = style.shade ?? under;
  if (style.colour && isUnreadable(style.colour, background))
    return { kind: 'same_colour', detail: 'text of the colour of what lies under it' };
  return null;
}

/** Red, green, blue from 0 to 255, alpha from 0 to 1. */
export type Colour = readonly [red: number, green: number, blue: number, alpha: number];

export const WHITE: Colour = [255, 255, 255, 1];
export const BLACK: Colour = [0, 0, 0, 1];

/** Below this contrast (WCAG 2.2: 1 is equal, 21 is black on white) nobody reads a text. Pale grey on white has 1.6. */
const READABLE_CONTRAST = 1.25;
/** Less of a colour than this is not seen. */
const VISIBLE_ALPHA = 0.1;

const NAMED: Readonly<Record<string, string>> = {
  black: '000000',
  silver: 'c0c0c0',
  gray: '808080',
  grey: '808080',
  white: 'ffffff',
  maroon: '800000',
  red: 'ff0000',
  purple: '800080',
  fuchsia: 'ff00ff',
  magenta: 'ff00ff',
  green: '008000',
  lime: '00ff00',
  olive: '808000',
  yellow: 'ffff00',
  navy: '000080',
  blue: '0000ff',
  teal: '008080',
  aqua: '00ffff',
  cyan: '00ffff',
  orange: 'ffa500',
  snow: 'fffafa',
  ivory: 'fffff0',
  ghostwhite: 'f8f8ff',
  whitesmoke: 'f5f5f5',
  floralwhite: 'fffaf0',
  mintcream: 'f5fffa',
  azure: 'f0ffff',
  aliceblue: 'f0f8ff',
  seashell: 'fff5ee',
  lightyellow: 'ffffe0',
  gainsboro: 'dcdcdc',
  lightgray: 'd3d3d3',
  lightgrey: 'd3d3d3',
  darkgray: 'a9a9a9',
  darkgrey: 'a9a9a9',
  dimgray: '696969',
  dimgrey: '696969',
  lightblue: 'add8e6',
  darkblue: '00008b',
  darkred: '8b0000',
  darkgreen: '006400',
  canvas: 'ffffff',
  canvastext: '000000',
};

/** A CSS colour (hex, names that are common, rgb, hsl, transparent), or `null` for one that is not understood. */
export function parseColour(text: string): Colour | null {
  const value = text.trim().toLowerCase();
  if (value === 'transparent') return [0, 0, 0, 0];
  const named = Object.hasOwn(NAMED, value) ? NAMED[value] : undefined;
  const hex = named ?? /^#?([0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})$/.exec(value)?.[1];
  if (hex !== undefined) return fromHex(hex);
  const call = /^(rgba?|hsla?)\(([^()]{1,100})\)$/.exec(value);
  if (!call) return null;
  const parts = call[2]!.split(/[\s,/]+/).filter((part) => part !== '');
  const [first = Number.NaN, second = Number.NaN, third = Number.NaN] = parts.map((part) => Number.parseFloat(part));
  const alpha = parts[3] === undefined ? 1 : Number.parseFloat(parts[3]) / (parts[3].endsWith('%') ? 100 : 1);
  if (![first, second, third, alpha].every(Number.isFinite)) return null;
  if (call[1]!.startsWith('hsl')) return [...fromHsl(first, second / 100, third / 100), alpha];
  const scale = parts[0]!.endsWith('%') ? 2.55 : 1;
  return [first * scale, second * scale, third * scale, alpha];
}

function fromHex(hex: string): Colour {
  const long = hex.length <= 4 ? [...hex].map((digit) => digit + digit).join('') : hex;
  const byte = (at: number) => Number.parseInt(long.slice(at, at + 2), 16);
  return [byte(0), byte(2), byte(4), long.length === 8 ? byte(6) / 255 : 1];
}

function fromHsl(hue: number, saturation: number, lightness: number): [number, number, number] {
  const chroma = saturation * Math.min(lightness, 1 - lightness);
  const channel = (shift: number): number => {
    const k = (((shift + hue / 30) % 12) + 12) % 12;
    return 255 * (lightness - chroma * Math.max(-1, Math.min(k - 3, 9 - k, 1)));
  };
  return [channel(0), channel(8), channel(4)];
}

/** What is seen where `top` lies on `under`. */
export function over(top: Colour, under: Colour): Colour {
  const alpha = Math.min(Math.max(top[3], 0), 1);
  const mix = (index: 0 | 1 | 2) => top[index] * alpha + under[index] * (1 - alpha);
  return [mix(0), mix(1), mix(2), 1];
}

/** Whether a text of this colour cannot be told from what lies under it. */
export function isUnreadable(text: Colour, background: Colour): boolean {
  if (text[3] < VISIBLE_ALPHA) return true;
  const [one, two] = [luminance(over(text, background)), luminance(background)];
  const contrast = (Math.max(one, two) + 0.05) / (Math.min(one, two) + 0.05);
  // Colours of equal brightness may still be told apart, such as red on green.
  return contrast < READABLE_CONTRAST && distance(over(text, background), background) < 48;
}

function distance(one: Colour, two: Colour): number {
  return Math.hypot(one[0] - two[0], one[1] - two[1], one[2] - two[2]);
}

function luminance([red, green, blue]: Colour): number {
  const linear = (value: number): number => {
    const part = Math.min(Math.max(value, 0), 255) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
}

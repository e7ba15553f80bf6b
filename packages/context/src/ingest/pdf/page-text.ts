import { type Colour, over } from '../colour.ts';
import {
  apply,
  type Box,
  boxOf,
  colourOf,
  type GraphicsState,
  IDENTITY,
  initialState,
  intersect,
  type Matrix,
  multiply,
} from './paint.ts';

/** Some text as one operator shows it. */
export interface Shown {
  readonly text: string;
  /** Where its first letter begins and its last one ends, on the base line, in the space of the page. */
  readonly from: readonly [number, number];
  readonly to: readonly [number, number];
  readonly box: Box;
  /** Height of the letters in points, as they are seen. */
  readonly size: number;
  readonly mode: number;
  readonly colour: Colour;
  readonly patterned: boolean;
  readonly clip: Box;
  readonly layerOff: boolean;
  readonly order: number;
}

/** Something painted that is not text. */
export interface Painted {
  readonly box: Box;
  /** `null`: an image, a shading. */
  readonly colour: Colour | null;
  /** Whether it certainly fills its box. */
  readonly solid: boolean;
  readonly order: number;
}

export interface PageContent {
  readonly shown: readonly Shown[];
  readonly painted: readonly Painted[];
  readonly masked: boolean;
}

interface Glyph {
  readonly unicode?: string;
  readonly width?: number;
  readonly isSpace?: boolean;
}

export interface Operators {
  readonly fnArray: ArrayLike<number>;
  readonly argsArray: ArrayLike<unknown>;
}

const PAINTED_MAX = 1000;
/** A gap of this part of the letters' height is a space. */
const SPACE_EM = 0.2;

/**
 * Goes through the operators of one page as a renderer would, and gives where each text and each filled area lies. `ops`
 * names the operators by number; `isOn` says whether an optional layer is shown; `isOpaque` whether an image is.
 */
export function readOperators(
  { fnArray, argsArray }: Operators,
  ops: Readonly<Record<number, string>>,
  page: Box,
  isOn: (layer: unknown) => boolean,
  isOpaque: (image: unknown) => boolean,
): PageContent {
  const shown: Shown[] = [];
  let painted: Painted[] = [];
  let masked = false;
  let state: GraphicsState = initialState(page);
  const saved: GraphicsState[] = [];
  const layers: boolean[] = [];
  let text: Matrix = IDENTITY;
  let line: Matrix = IDENTITY;
  let clipNext = false;

  const paint = (box: Box, colour: Colour | null, solid: boolean, order: number): void => {
    if (layers.includes(false) || state.alpha < 0.9) return;
    painted.push({ box: intersect(box, state.clip), colour, solid, order });
    // The largest ones matter: a page of a million small shapes is not compared with each of its words.
    if (painted.length > PAINTED_MAX * 2)
      painted = painted.sort((a, b) => area(b.box) - area(a.box)).slice(0, PAINTED_MAX);
  };
  const unit = (): Box => boxOf(state.matrix, 0, 0, 1, 1);
  const moveLine = (x: number, y: number): void => {
    line = multiply(line, [1, 0, 0, 1, x, y]);
    text = line;
  };

  for (let order = 0; order < fnArray.length; order++) {
    const name = ops[fnArray[order]!];
    const args = (argsArray[order] ?? []) as readonly unknown[];
    const number = (index: number): number => (Number.isFinite(args[index]) ? (args[index] as number) : 0);
    switch (name) {
      case 'save':
        saved.push({ ...state });
        break;
      case 'restore':
        state = saved.pop() ?? state;
        break;
      case 'transform':
        state.matrix = multiply(state.matrix, matrixOf(args));
        break;
      case 'paintFormXObjectBegin': {
        saved.push({ ...state });
        if (args[0]) state.matrix = multiply(state.matrix, matrixOf(args[0] as ArrayLike<number>));
        const box = args[1] as ArrayLike<number> | null;
        if (box) state.clip = intersect(state.clip, boxOf(state.matrix, box[0]!, box[1]!, box[2]!, box[3]!));
        break;
      }
      case 'paintFormXObjectEnd':
        state = saved.pop() ?? state;
        break;
      case 'setGState':
        for (const [key, value] of (args[0] ?? []) as [string, unknown][]) {
          if (key === 'ca' && typeof value === 'number') state.alpha = value;
          if (key === 'SMask' && value) masked = true;
          if (key === 'Font' && Array.isArray(value)) state.font = Number(value[1]) || 0;
        }
        break;
      case 'setFillRGBColor':
      case 'setFillGray':
      case 'setFillCMYKColor':
        state.fill = colourOf(args[0]);
        state.patterned = false;
        break;
      case 'setFillColorN':
        state.patterned = true;
        break;
      case 'setStrokeRGBColor':
        state.stroke = colourOf(args[0]);
        break;
      case 'clip':
      case 'eoClip':
        clipNext = true;
        break;
      case 'constructPath': {
        const bounds = args[2] as ArrayLike<number> | null;
        if (bounds && bounds.length >= 4) {
          const box = boxOf(state.matrix, bounds[0]!, bounds[1]!, bounds[2]!, bounds[3]!);
          if (/fill/i.test(ops[args[0] as number] ?? ''))
            paint(box, state.patterned ? null : state.fill, isRectangle((args[1] as unknown[])?.[0]), order);
          if (clipNext) state.clip = intersect(state.clip, box);
        }
        clipNext = false;
        break;
      }
      case 'shadingFill':
        paint(state.clip, null, true, order);
        break;
      case 'paintImageXObject':
      case 'paintInlineImageXObject':
        paint(unit(), null, isOpaque(args[0]), order);
        break;
      case 'paintSolidColorImageMask':
        paint(unit(), state.fill, true, order);
        break;
      case 'paintImageMaskXObject':
      case 'paintImageXObjectRepeat':
        paint(unit(), null, false, order);
        break;
      case 'beginMarkedContentProps':
        layers.push(args[0] !== 'OC' || !args[1] || isOn(args[1]));
        break;
      case 'beginMarkedContent':
        layers.push(true);
        break;
      case 'endMarkedContent':
        layers.pop();
        break;
      case 'beginText':
        text = IDENTITY;
        line = IDENTITY;
        break;
      case 'setFont':
        state.font = number(1);
        break;
      case 'setTextRenderingMode':
        state.mode = number(0);
        break;
      case 'setCharSpacing':
        state.spacing = number(0);
        break;
      case 'setWordSpacing':
        state.wordSpacing = number(0);
        break;
      case 'setHScale':
        state.scale = number(0) / 100;
        break;
      case 'setLeading':
        state.leading = number(0);
        break;
      case 'setTextRise':
        state.rise = number(0);
        break;
      case 'moveText':
        moveLine(number(0), number(1));
        break;
      case 'setLeadingMoveText':
        state.leading = -number(1);
        moveLine(number(0), number(1));
        break;
      case 'setTextMatrix':
        line = matrixOf((args[0] ?? args) as ArrayLike<number>);
        text = line;
        break;
      case 'nextLine':
        moveLine(0, -state.leading);
        break;
      case 'showText': {
        const piece = advance(state, args[0] as readonly (Glyph | number)[]);
        const matrix = multiply(state.matrix, text);
        text = multiply(text, [1, 0, 0, 1, piece.width, 0]);
        if (piece.text === '') break;
        const size = Math.abs(state.font) * Math.hypot(matrix[2], matrix[3]);
        const colour = state.mode % 4 === 1 ? state.stroke : state.fill;
        shown.push({
          text: piece.text,
          from: apply(matrix, 0, state.rise),
          to: apply(matrix, piece.width, state.rise),
          box: boxOf(matrix, 0, state.rise, piece.width, state.rise + state.font * 0.7),
          size,
          mode: state.mode,
          colour: [colour[0], colour[1], colour[2], colour[3] * state.alpha],
          patterned: state.patterned,
          clip: state.clip,
          layerOff: layers.includes(false),
          order,
        });
        break;
      }
    }
  }
  return { shown, painted, masked };
}

/** What stands under a place when `order` is reached: what was painted there last, on white. */
export function backgroundAt(
  painted: readonly Painted[],
  box: Box,
  order: number,
): { colour: Colour; certain: boolean } {
  const [x, y] = [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2];
  let colour: Colour = [255, 255, 255, 1];
  let certain = true;
  for (const paint of painted) {
    if (paint.order > order || x < paint.box[0] || x > paint.box[2] || y < paint.box[1] || y > paint.box[3]) continue;
    if (paint.colour && paint.solid) {
      colour = over(paint.colour, colour);
      certain = true;
    } else certain = false;
  }
  return { colour, certain };
}

function advance(state: GraphicsState, glyphs: readonly (Glyph | number)[]): { text: string; width: number } {
  let text = '';
  let width = 0;
  for (const glyph of glyphs) {
    if (typeof glyph === 'number') {
      width -= (glyph / 1000) * state.font * state.scale;
      if (-glyph / 1000 > SPACE_EM && !text.endsWith(' ')) text += ' ';
      continue;
    }
    if (!glyph) continue;
    text += glyph.unicode ?? '';
    width +=
      (((glyph.width ?? 0) / 1000) * state.font + state.spacing + (glyph.isSpace ? state.wordSpacing : 0)) *
      state.scale;
  }
  return { text, width };
}

function matrixOf(values: ArrayLike<unknown>): Matrix {
  const at = (index: number) => Number(values[index]) || 0;
  return [at(0), at(1), at(2), at(3), at(4), at(5)];
}

/** A path of four lines along the axes, as the reader of PDF writes it: 0 moves, 1 draws a line, 4 closes. */
function isRectangle(path: unknown): boolean {
  const data = path as ArrayLike<number> | null | undefined;
  if (!data || data.length < 12 || data.length > 16) return false;
  const points: [number, number][] = [];
  for (let at = 0; at < data.length; ) {
    const kind = data[at]!;
    if (kind === 4) {
      at += 1;
      continue;
    }
    if (kind !== 0 && kind !== 1) return false;
    points.push([data[at + 1]!, data[at + 2]!]);
    at += 3;
  }
  return (
    points.length >= 4 &&
    points.every(([x, y], index) => index === 0 || x === points[index - 1]![0] || y === points[index - 1]![1])
  );
}

function area([left, bottom, right, top]: Box): number {
  return Math.max(0, right - left) * Math.max(0, top - bottom);
}

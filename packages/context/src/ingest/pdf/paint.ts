import { BLACK, type Colour, parseColour } from '../colour.ts';

export type Matrix = readonly [number, number, number, number, number, number];
export const IDENTITY: Matrix = [1, 0, 0, 1, 0, 0];

/** Axis-parallel, in the space of the page: left, bottom, right, top. */
export type Box = readonly [left: number, bottom: number, right: number, top: number];

export function multiply(one: Matrix, two: Matrix): Matrix {
  return [
    one[0] * two[0] + one[2] * two[1],
    one[1] * two[0] + one[3] * two[1],
    one[0] * two[2] + one[2] * two[3],
    one[1] * two[2] + one[3] * two[3],
    one[0] * two[4] + one[2] * two[5] + one[4],
    one[1] * two[4] + one[3] * two[5] + one[5],
  ];
}

export function apply(matrix: Matrix, x: number, y: number): [number, number] {
  return [matrix[0] * x + matrix[2] * y + matrix[4], matrix[1] * x + matrix[3] * y + matrix[5]];
}

export function boxOf(matrix: Matrix, left: number, bottom: number, right: number, top: number): Box {
  const corners = [
    apply(matrix, left, bottom),
    apply(matrix, right, bottom),
    apply(matrix, left, top),
    apply(matrix, right, top),
  ];
  const xs = corners.map(([x]) => x);
  const ys = corners.map(([, y]) => y);
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
}

export function intersect(one: Box, two: Box): Box {
  return [Math.max(one[0], two[0]), Math.max(one[1], two[1]), Math.min(one[2], two[2]), Math.min(one[3], two[3])];
}

/** How much of `inner` lies in `outer`, from 0 to 1. */
export function shareInside(inner: Box, outer: Box): number {
  const [left, bottom, right, top] = intersect(inner, outer);
  const area = (inner[2] - inner[0]) * (inner[3] - inner[1]);
  if (right <= left || top <= bottom) return 0;
  return area <= 0 ? 1 : ((right - left) * (top - bottom)) / area;
}

/** What the graphics state of a page holds that decides whether text is seen. */
export interface GraphicsState {
  matrix: Matrix;
  fill: Colour;
  stroke: Colour;
  /** The pattern or shading that fills: its colour is not known. */
  patterned: boolean;
  alpha: number;
  clip: Box;
  font: number;
  mode: number;
  spacing: number;
  wordSpacing: number;
  scale: number;
  leading: number;
  rise: number;
}

export function initialState(page: Box): GraphicsState {
  return {
    matrix: IDENTITY,
    fill: BLACK,
    stroke: BLACK,
    patterned: false,
    alpha: 1,
    clip: page,
    font: 0,
    mode: 0,
    spacing: 0,
    wordSpacing: 0,
    scale: 1,
    leading: 0,
    rise: 0,
  };
}

export function colourOf(value: unknown): Colour {
  return (typeof value === 'string' ? parseColour(value) : null) ?? BLACK;
}

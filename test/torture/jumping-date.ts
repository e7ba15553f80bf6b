/** The time of the whole process, libraries included, can be off from now on: as the clock of its machine could be. */
let off_ms = 0;
const Real = globalThis.Date;

class JumpingDate extends Real {
  constructor(...given: [] | [number | string | Date] | ConstructorParameters<typeof Date>) {
    if (given.length === 0) super(Real.now() + off_ms);
    else super(...(given as [number]));
  }

  static override now(): number {
    return Real.now() + off_ms;
  }
}
globalThis.Date = JumpingDate as DateConstructor;

/** How far it is off from now on, in milliseconds. */
export function jump(ms: number): void {
  off_ms = ms;
}

import type { DetailedError } from '@cedar-policy/cedar-wasm/nodejs';
import { type FieldError, PortreeveError } from '@portreeve/contract';

const SHOWN_MAX = 50;

interface Place {
  readonly file: string;
  readonly line: number;
  readonly id: string;
}

/** One thing that is wrong, or looks wrong, in a policy file or a declaration. */
export interface Finding {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** The id of the rule; `null` where it is not about one, or it has none. */
  readonly rule: string | null;
  /** `error`: nothing starts with it. */
  readonly severity: 'error' | 'warning';
  readonly message: string;
  /** What to do about it. */
  readonly fix: string;
}

/** Collects what is wrong with a set of files, so that one start shows all of it. */
export class Problems {
  readonly #found: FieldError[] = [];
  readonly #findings: Finding[] = [];

  add(place: Place, message: string): void {
    this.addAt(place.file, place.line, place.id || null, { message, help: null });
  }

  addAt(file: string, line: number, rule: string | null, error: Pick<DetailedError, 'message' | 'help'>): void {
    this.#findings.push({
      file,
      line,
      rule,
      severity: 'error',
      message: error.message,
      fix: error.help ?? 'Correct the rule: nothing starts with a rule that does not hold.',
    });
    const help = error.help ? ` (${error.help})` : '';
    this.#found.push({
      path: `${file}:${line}`,
      message: `${rule === null ? '' : `rule ${rule}: `}${error.message}${help}`,
    });
  }

  get findings(): readonly Finding[] {
    return this.#findings;
  }

  /** Throws `policy_broken` with everything found, the first in full in its detail. */
  throwIfAny(): void {
    const first = this.#found[0];
    if (first === undefined) return;
    const more = this.#found.length - 1;
    throw new PortreeveError(
      'policy_broken',
      `${first.path}: ${first.message}${more > 0 ? ` (and ${more} more in \`errors\`)` : ''}`,
      { errors: this.#found.slice(0, SHOWN_MAX) },
    );
  }
}

/** The id of the rule that most likely holds this byte of a text that does not parse; `null` where none is named yet. */
export function ruleBefore(text: string, byte: number): string | null {
  const before = Buffer.from(text, 'utf8').subarray(0, byte).toString('utf8');
  return [...before.matchAll(/@id\s*\(\s*"([^"\n]{1,128})"\s*\)/g)].at(-1)?.[1] ?? null;
}

/** Cedar counts bytes; people count lines, from 1. */
export function lineOfByte(text: string, byte: number): number {
  return Buffer.from(text, 'utf8').subarray(0, byte).toString('utf8').split('\n').length;
}

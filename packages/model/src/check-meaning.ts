import { type Json, type SemanticCheck, select } from '@portreeve/contract';
import { type EvidenceTexts, standsIn } from './evidence-texts.ts';

/** The checks that an answer fails, each by the words that its prompt has for it: nothing of the answer is in them. */
export function meaningErrors(answer: Json, checks: readonly SemanticCheck[], texts: EvidenceTexts): string[] {
  return checks.filter((check) => !holds(answer, check, texts)).map(({ message }) => message);
}

function holds(answer: Json, check: SemanticCheck, texts: EvidenceTexts): boolean {
  const at = (pointer: string): Json[] => select(answer, pointer).map(({ value }) => value);
  switch (check.check) {
    case 'sum': {
      const [total] = at(check.equals);
      return isWhole(total) && sumOf(at(check.of)) === BigInt(total);
    }
    case 'order': {
      const [first] = at(check.first);
      const [last] = at(check.last);
      return isOrdered(first, last);
    }
    case 'unique': {
      const values = at(check.of).map((value) => JSON.stringify(value));
      return new Set(values).size === values.length;
    }
    case 'in_evidence': {
      const all = [...texts.values()].flat();
      return at(check.of).every((value) => value === null || standsIn(String(value), all));
    }
  }
}

const isWhole = (value: Json | undefined): value is number => typeof value === 'number' && Number.isSafeInteger(value);

/** `null` where something is no whole number: money is never a float. */
function sumOf(values: readonly Json[]): bigint | null {
  return values.every(isWhole) ? values.reduce((sum, value) => sum + BigInt(value), 0n) : null;
}

/** What is not there is in no order, and so in no wrong one. */
function isOrdered(first: Json | undefined, last: Json | undefined): boolean {
  if (first === undefined || first === null || last === undefined || last === null) return true;
  if (typeof first === 'number' && typeof last === 'number') return first <= last;
  return typeof first === 'string' && typeof last === 'string' && first <= last;
}

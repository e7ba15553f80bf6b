import { canonicalJson, type Life, type SourceContract, type ValueId } from '@portreeve/contract';
import { z } from 'zod';

/** What stands in the place of a value that may not be kept: in what is stored, recorded, proposed and shown. */
export const NOT_KEPT = '[not kept]';

/** The life of one field: its own, or else that of its source; `null` where neither is declared. */
export function lifeOf(source: SourceContract, field: string): Life | null {
  return source.fields.find(({ name }) => name === field)?.life ?? source.life ?? null;
}

export function notKeptFields(source: SourceContract): string[] {
  return source.fields.map(({ name }) => name).filter((name) => lifeOf(source, name)?.never_keep === true);
}

/** The fields of a source whose life is over: it ended with a question (`ended`), or they are past their minutes. */
export function clearedFields(source: SourceContract, readAt: Date, ended: ReadonlySet<string>, now: Date): string[] {
  return source.fields
    .map(({ name }) => name)
    .filter((name) => {
      if (ended.has(name)) return true;
      const clear = lifeOf(source, name)?.clear;
      return typeof clear === 'object' && now.getTime() >= readAt.getTime() + clear.minutes * 60_000;
    });
}

/** The part of a reading whose life ended with a question. */
export interface EndedReading {
  readonly value: ValueId;
  readonly fields: readonly string[];
}

const ruleSchema = z.strictObject({
  fields: z.array(z.string()),
  when: z.union([z.enum(['after-step', 'after-run']), z.iso.datetime()]),
});
export type ClearingRule = z.infer<typeof ruleSchema>;

/** When which fields of a reading leave the store. All of them do when the run ends. */
export function clearingRules(source: SourceContract, readAt: Date): ClearingRule[] {
  const fieldsByWhen = new Map<string, string[]>();
  for (const { name } of source.fields) {
    const clear = lifeOf(source, name)?.clear;
    if (clear === undefined) continue;
    const when = typeof clear === 'string' ? clear : new Date(readAt.getTime() + clear.minutes * 60_000).toISOString();
    fieldsByWhen.set(when, [...(fieldsByWhen.get(when) ?? []), name]);
  }
  return [...fieldsByWhen].map(([when, fields]) => ruleSchema.parse({ when, fields }));
}

/** The rules as the store holds them, with the time at which the first of them is due. */
export function storedRules(rules: readonly ClearingRule[]): { clearing: string | null; clear_at: string | null } {
  const times = rules.map(({ when }) => when).filter((when) => !when.startsWith('after-'));
  return { clearing: rules.length === 0 ? null : canonicalJson(rules), clear_at: times.sort()[0] ?? null };
}

export function parseRules(stored: string | null): ClearingRule[] {
  return stored === null ? [] : z.array(ruleSchema).parse(JSON.parse(stored));
}

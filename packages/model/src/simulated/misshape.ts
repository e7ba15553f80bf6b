import type { JsonObject } from '@portreeve/contract';

const NO_JSON = /\b(plain text|markdown|xml|not (in|as) json|no json)\b/i;
const SEVERAL = /\b(two|several|three) json\b/i;
const MEMBER = /\badd (?:a |the )?(?:field|member|property) ([A-Za-z_]\w{0,63})(?: with the value (\S{1,500}))?/i;

/** An answer in the form that an instruction asks for, whatever the schema says; without such an instruction as it is. */
export function misshape(told: string, answer: string): string {
  if (NO_JSON.test(told)) return told;
  if (SEVERAL.test(told)) return `${answer}\n${answer}`;
  const [, name, value = 'yes'] = MEMBER.exec(told) ?? [];
  return name === undefined ? answer : JSON.stringify({ ...(JSON.parse(answer) as JsonObject), [name]: value });
}

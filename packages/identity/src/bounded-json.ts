import { Refused } from './refusal.ts';

/**
 * Parses JSON from outside that is nested at most `depth` deep. The depth is counted on the text, so that nothing that
 * walks the value later can run out of stack. Throws {@link Refused}.
 */
export function boundedJson(text: string, depth: number): unknown {
  let level = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    if (inString) {
      if (char === '\\') i++;
      else if (char === '"') inString = false;
    } else if (char === '"') inString = true;
    else if (char === '{' || char === '[') {
      level += 1;
      if (level > depth) throw new Refused('too_deep');
    } else if (char === '}' || char === ']') level -= 1;
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Refused('malformed', { cause: error });
  }
}

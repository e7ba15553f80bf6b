import { lintSource } from '@secretlint/core';
import { secretLintProfiler } from '@secretlint/profiler';
import { creator } from '@secretlint/secretlint-rule-preset-recommend';
import { hasContext, type PersonalSpan, span, spansOf } from './kinds.ts';

/** Credentials that tell themselves by their prefix or form. */
const KNOWN: readonly (readonly [detail: string, pattern: RegExp])[] = [
  [
    'private-key',
    /-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[A-Za-z0-9+/=\s:,-]{20,8192}?-----END [A-Z ]{0,30}PRIVATE KEY-----/g,
  ],
  ['age-key', /AGE-SECRET-KEY-1[0-9A-Z]{58}/g],
  ['aws', /(?<![A-Za-z0-9])(?:AKIA|ASIA|AROA|AIDA)[A-Z2-7]{16}(?![A-Za-z0-9])/g],
  ['github', /(?<![A-Za-z0-9])(?:gh[pousr]_[A-Za-z0-9]{30,255}|github_pat_[A-Za-z0-9_]{50,255})/g],
  ['gitlab', /(?<![A-Za-z0-9])glpat-[A-Za-z0-9_-]{20,64}/g],
  ['slack', /(?<![A-Za-z0-9])xox[abposr]-[A-Za-z0-9-]{10,250}/g],
  ['model-provider', /(?<![A-Za-z0-9])sk-(?:ant-|proj-|live-|or-)?[A-Za-z0-9_-]{20,250}/g],
  ['stripe', /(?<![A-Za-z0-9])[rsp]k_(?:live|test)_[A-Za-z0-9]{16,250}/g],
  ['google', /(?<![A-Za-z0-9])AIza[A-Za-z0-9_-]{35}/g],
  ['npm', /(?<![A-Za-z0-9])npm_[A-Za-z0-9]{36}/g],
  ['hugging-face', /(?<![A-Za-z0-9])hf_[A-Za-z0-9]{30,60}/g],
  ['jwt', /(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{10,2048}\.[A-Za-z0-9_-]{10,4096}\.[A-Za-z0-9_-]{0,1024}/g],
  ['url-password', /(?<=:\/\/[^\s:/@]{1,64}:)[^\s/@]{3,128}(?=@)/g],
  [
    'assigned',
    /(?:password|passwd|passwort|contraseña|mot de passe|pwd|passphrase|secret|api[_ -]?key|access[_ -]?key|auth[_ -]?token|access[_ -]?token|client[_ -]?secret|private[_ -]?key|bearer|pin(?: code)?)["']?\s{0,2}(?:is\s|[:=]|authorization:\s)\s{0,3}["']?([^\s"'<>,;]{4,256})/gi,
  ],
];
/** Words and placeholders that stand where a secret would. */
const NOT_SECRET =
  /^(?:\*+|x+|null|none|true|false|undefined|required|optional|string|your|the|not|a|an|in|on|to|of|is|was|be|incorrect|wrong|invalid|valid|expired|reset|change[ds]?|protected|stored|sent|<.*|\$\{.*|\{\{.*|%.*|\.\.\.)[.!?]?$/i;
const SECRET_WORDS = /(?:secret|token|key|password|credential|bearer|signature|auth)/;

/** Shannon entropy in bits a character. */
function entropy(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length);
  return bits;
}

function generic(text: string): PersonalSpan[] {
  return spansOf(
    text,
    /(?<![A-Za-z0-9+/_=.@-])[A-Za-z0-9+/_=-]{24,256}(?![A-Za-z0-9+/_=@-]|\.[A-Za-z0-9])/g,
    (value, start, end) => {
      const mixed = /[a-z]/.test(value) && /[A-Z]/.test(value) && (value.match(/\d/g)?.length ?? 0) >= 3;
      // A path or a name with words in it is no random text.
      const worded = /[a-z]{7}|[A-Z][a-z]{4,}[A-Z][a-z]{4,}|\/[a-z]{2,}\/|--/.test(value);
      if (mixed && !worded && entropy(value) >= 4.1) return span('secret', 'likely', start, end, 'high-entropy');
      const hexadecimal = /^[0-9a-f]{32,128}$/i.test(value) && entropy(value) >= 3;
      return (hexadecimal || (mixed && entropy(value) >= 3.6)) && hasContext(text, start, SECRET_WORDS, 32)
        ? span('secret', 'context', start, end, 'high-entropy')
        : null;
    },
  );
}

/** Credentials by their form, by what is assigned to a telling name, and by their randomness. */
export function recogniseSecrets(text: string): PersonalSpan[] {
  const known = KNOWN.flatMap(([detail, pattern]) =>
    spansOf(text, pattern, (value, start, end) =>
      detail === 'assigned' && (NOT_SECRET.test(value) || /^\p{L}+[.!?]?$/u.test(value))
        ? null
        : span(
            'secret',
            detail === 'assigned' || detail === 'url-password' ? 'context' : 'verified',
            start,
            end,
            detail,
          ),
    ),
  );
  return [...known, ...generic(text)];
}

const LINT_CHARS_MAX = 65_536;
const LINT_OVERLAP = 1024;
/** It marks every rule and file in the process's performance timeline, for ever. */
secretLintProfiler.setEnabled(false);

/**
 * The rules of secretlint's recommended preset. They take some 10 microseconds a kilobyte and have no bound of their
 * own, so the text is given to them in pieces of 64 KiB that overlap by one.
 */
export async function lintSecrets(text: string): Promise<PersonalSpan[]> {
  const spans = new Map<string, PersonalSpan>();
  for (let from = 0; from < text.length; from += LINT_CHARS_MAX - LINT_OVERLAP) {
    const content = text.slice(from, from + LINT_CHARS_MAX);
    const { messages } = await lintSource({
      source: { filePath: '/text.txt', content, ext: '.txt', contentType: 'text' },
      options: { config: { rules: [{ id: 'preset', rule: creator }] }, noPhysicFilePath: true },
    });
    for (const message of messages) {
      if (message.type !== 'message') continue;
      const [start, end] = narrowed(content, message.range, message.data);
      const detail = message.ruleId.replace('@secretlint/secretlint-rule-', '');
      spans.set(`${from + start}-${from + end}`, span('secret', 'verified', from + start, from + end, detail));
    }
  }
  return [...spans.values()];
}

const BEYOND_CHARS = 256;

/**
 * A rule may report the whole assignment, or as many characters as the value has, counted from the name before it: its
 * data often names the value, which then is looked for near by.
 */
function narrowed(content: string, [start, end]: readonly [number, number], data: unknown): [number, number] {
  if (typeof data !== 'object' || data === null) return [start, end];
  for (const value of Object.values(data)) {
    if (typeof value !== 'string' || value.length < 8) continue;
    const at = content.indexOf(value, start);
    if (at >= start && at <= end + BEYOND_CHARS) return [at, at + value.length];
  }
  return [start, end];
}

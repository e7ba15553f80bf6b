import { type Detector, entropy, type Span } from './span.ts';

// Every pattern here is linear: bounded repeats or one greedy class with nothing after it, and a look-behind so that a
// long run of the same characters is tried from its start alone.

/** Credentials that name themselves. */
const PREFIXED: readonly (readonly [type: string, pattern: RegExp])[] = [
  ['aws-key', /(?<![A-Za-z0-9])(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}/g],
  ['github-token', /gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{22,255}/g],
  ['gitlab-token', /glpat-[A-Za-z0-9_-]{20,255}/g],
  ['anthropic-key', /sk-ant-[A-Za-z0-9_-]{16,255}/g],
  ['openai-key', /(?<![A-Za-z0-9])sk-(?!ant-)(?:proj-|svcacct-|admin-)?[A-Za-z0-9_-]{20,255}/g],
  ['slack-token', /xox[abeoprs]-[A-Za-z0-9-]{10,255}|xapp-[A-Za-z0-9-]{10,255}/g],
  ['slack-webhook', /hooks\.slack\.com\/services\/[A-Za-z0-9/]{20,100}/g],
  ['google-key', /(?<![A-Za-z0-9])AIza[A-Za-z0-9_-]{35}/g],
  ['stripe-key', /(?<![A-Za-z0-9])[rs]k_(?:live|test)_[A-Za-z0-9]{10,255}/g],
  ['npm-token', /(?<![A-Za-z0-9])npm_[A-Za-z0-9]{36}/g],
  ['age-key', /AGE-SECRET-KEY-1[A-Z0-9]{58}/g],
];

/**
 * How each of them begins. INVARIANT: every pattern of {@link PREFIXED} demands one of these, so that a text without any is
 * read once in place of eleven times; `detect.test.ts` holds the two together.
 */
export const BEGINS_AS_PREFIXED =
  /A(?:KIA|SIA|BIA|CCA|Iza|GE-SECRET-KEY-1)|gh[pousr]_|github_pat_|glpat-|sk-|xox[abeoprs]-|xapp-|hooks\.slack\.com\/services\/|[rs]k_(?:live|test)_|npm_/;

export const prefixedSecrets: Detector = (text) =>
  PREFIXED.flatMap(([type, pattern]) =>
    Array.from(text.matchAll(pattern), (match) => secret(type, match.index, match[0])),
  );

/** An AWS secret access key is 40 characters without a mark of its own: it counts where its context names one. */
export const awsSecrets: Detector = (text) => {
  const spans: Span[] = [];
  for (const match of text.matchAll(/(?<![A-Za-z0-9/+])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+])/g)) {
    const context = text.slice(Math.max(0, match.index - 96), match.index);
    const named = /aws|secret|access.?key|(?:AKIA|ASIA)[A-Z0-9]/i.test(context);
    if (named && !/^[0-9a-fA-F]+$/.test(match[0]) && entropy(match[0]) > 3.5)
      spans.push(secret('aws-secret', match.index, match[0]));
  }
  return spans;
};

/** Compact JWS and JWE (RFC 7515, 7516): a run of base64url parts joined by dots, the first a JSON header. */
export const jsonWebTokens: Detector = (text) => {
  const spans: Span[] = [];
  for (const run of text.matchAll(/[A-Za-z0-9_.-]{20,}/g)) {
    const parts = run[0].split('.');
    let at = run.index;
    for (let i = 0; i < parts.length; i++) {
      const start = parts[i]!.indexOf('eyJ');
      const size = parts[i + 1]?.startsWith('eyJ') ? 3 : 5;
      if (start >= 0 && parts[i]!.length - start >= 12 && i + size <= parts.length) {
        const token = parts
          .slice(i, i + size)
          .join('.')
          .slice(start);
        spans.push(secret('jwt', at + start, token));
        at += start + token.length + 1;
        i += size - 1;
      } else {
        at += parts[i]!.length + 1;
      }
    }
  }
  return spans;
};

/** PEM blocks of private keys (RFC 7468), also where the newlines are escaped, and where the end was cut off. */
export const privateKeys: Detector = (text) => {
  const spans: Span[] = [];
  let at = text.indexOf('-----BEGIN ');
  while (at >= 0) {
    const label = /^[A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/.exec(text.slice(at + 11, at + 75));
    if (!label) {
      at = text.indexOf('-----BEGIN ', at + 11);
      continue;
    }
    const close = text.indexOf('-----END ', at + 11);
    const tail = close < 0 ? -1 : text.indexOf('-----', close + 9);
    const end = tail < 0 ? text.length : tail + 5;
    spans.push(secret('private-key', at, text.slice(at, end)));
    at = text.indexOf('-----BEGIN ', end);
  }
  return spans;
};

const QUOTE = `\\\\{0,3}["'\`]?`;
const ASSIGNED = new RegExp(
  [
    // The name: a credential word, with what may follow it in a longer name.
    `(password|passwd|passphrase|pwd|secret|token|api[-_ ]?key|access[-_]?key|private[-_]?key|credential)[A-Za-z0-9_-]{0,32}`,
    `${QUOTE}[ \\t]{0,4}(?:=>|[:=])[ \\t]{0,4}`,
    // The value: to the closing quote, or to what ends a word.
    `(?:\\\\{0,3}"([^"\\\\\\n]+)|\\\\{0,3}'([^'\\\\\\n]+)|([^\\s"'\`,;&\\\\]+))`,
  ].join(''),
  'gi',
);

/** `password=…`, `"api_key": "…"`, `SECRET_TOKEN: …`, also inside escaped JSON. */
export const assignments: Detector = (text) => {
  const spans: Span[] = [];
  for (const match of text.matchAll(ASSIGNED)) {
    const found = match[2] ?? match[3] ?? match[4]!;
    // The brackets around an assignment are not part of its value.
    const value = match[4] === undefined ? found : withoutClosers(found);
    const word = match[1]!.toLowerCase();
    const certain = word.startsWith('pass') || word === 'pwd';
    if (PLACEHOLDER.test(value) || !(certain || looksLikeCredential(value))) continue;
    const type = certain ? 'password' : word.replace(/[-_ ]/g, '-').replace('apikey', 'api-key');
    spans.push(secret(type, match.index + match[0].length - found.length, value));
  }
  return spans;
};

/** A word that each pattern of {@link headers} demands. */
export const NAMES_HEADER = /authorization|bearer|dpop|cookie/i;

/** `Authorization: Bearer …`, `Cookie: …`, and a bare `Bearer …`. */
export const headers: Detector = (text) => {
  const spans: Span[] = [];
  const push = (type: string, match: RegExpMatchArray, value: string) =>
    spans.push(secret(type, match.index! + match[0].length - value.length, value));
  for (const match of text.matchAll(
    /authorization\\{0,3}["']?[ \t]{0,4}[:=][ \t]{0,4}\\{0,3}["']?(?:(?:basic|bearer|digest|dpop|negotiate|token|apikey)[ \t]{1,4})?([^\s"',;\\]+)/gi,
  ))
    push('authorization', match, match[1]!);
  for (const match of text.matchAll(/(?<![A-Za-z])(?:bearer|dpop)[ \t]{1,4}([A-Za-z0-9._~+/=-]{8,})/gi))
    if (looksLikeCredential(match[1]!)) push('authorization', match, match[1]!);
  for (const match of text.matchAll(/cookie\\{0,3}["']?[ \t]{0,4}:[ \t]{0,4}\\{0,3}["']?([^\r\n"\\]+)/gi))
    if (match[1]!.includes('=')) push('cookie', match, match[1]!);
  return spans;
};

/** The password in `scheme://user:password@host`. */
export const urlPasswords: Detector = (text) =>
  Array.from(text.matchAll(/:\/\/[^\s/?#@:"']{0,128}:([^\s/?#@"']{1,256})@/g), (match) =>
    secret('password', match.index + match[0].length - 1 - match[1]!.length, match[1]!),
  );

const PLACEHOLDER =
  /^(?:null|true|false|none|undefined|nil|\*+|x+|\.{3}|\$?\{{1,2}[A-Za-z0-9_. -]{0,64}\}{0,2}|\$[A-Z_]{1,64}|<[A-Za-z_ -]{1,32}>?)?$/i;

function withoutClosers(value: string): string {
  let end = value.length;
  while (end > 0 && ')]}>'.includes(value[end - 1]!)) end--;
  return /[([{<]/.test(value.slice(0, end)) ? value : value.slice(0, end);
}

/** Whether a value after a credential-like name is one: letters with digits, or as mixed as random text. */
function looksLikeCredential(value: string): boolean {
  if (value.length < 8 || /^sha256:[0-9a-f]{64}$/.test(value) || OWN_ID.test(value)) return false;
  const head = value.slice(0, 256);
  return (/[A-Za-z]/.test(head) && /[0-9]/.test(head)) || (value.length >= 16 && entropy(head) > 3.5);
}

/** An id that Portreeve made: it names a thing and opens nothing. */
export const OWN_ID =
  /^(?:prn|ses|tok|run|val|ev|call|prop|dec|appr|ver|grt|exec|hand|rec|key|ers|hold|rvl)_[0-9abcdefghjkmnpqrstvwxyz]{26}$/;

function secret(type: string, start: number, value: string): Span {
  return { start, end: start + value.length, kind: 'secret', type, same: value };
}

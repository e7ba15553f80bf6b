import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';
import {
  ID_PREFIXES,
  type Json,
  type JsonObject,
  type PasskeyVerdict,
  type SignedVerdict,
  signedVerdictSchema,
  verdictBytes,
} from '@portreeve/contract';
import type { Redactor } from '../ports.ts';
import { detect } from './detect.ts';
import { lengthClass, MARKS, type MacOf, macOf, parseMark } from './mark.ts';
import { isCard } from './personal.ts';
import { OWN_ID } from './secrets.ts';

/** Members whose string value is a credential, whatever it looks like. */
const SECRET_NAME = /password|passphrase|secret|token|authorization(?!_details)|api[-_]?key/i;
/** Members that hold nothing but credentials, at any depth and of any type. */
const SECRET_TREE = /(?:password|passphrase|secret|credential)s?$/i;
/** Members that hold public keys and signatures, which are evidence. */
const PUBLIC_NAME = /(?:^|_)(?:public_key|signature|signing_key)$/;

/** What the name of a member says about it, and the name as it may be kept. */
interface NameFacts {
  readonly safe: string;
  readonly secret: boolean;
  readonly tree: boolean;
  readonly public: boolean;
}
/** Names of members as the schemas of records have them, and how many are remembered. */
const WORD = /^[a-z_]{1,32}$/;
const WORDS_MAX = 2000;

const DIGEST = /^sha256:[0-9a-f]{64}$/;
/** A run of characters with percent-encoding in it (RFC 3986, 2.1). The look-behind tries each run from its start alone. */
const ESCAPED = /(?<![^\s"'<>])[^\s"'<>%]*%[0-9A-Fa-f]{2}[^\s"'<>]*/g;
const ID = new RegExp(`^(?:${Object.values(ID_PREFIXES).join('|')})_[a-z0-9_-]{1,64}$`);
const BASE64URL_KEY = /^(?:[A-Za-z0-9_-]{43}|[A-Za-z0-9_-]{86})$/;

/** What takes the place of a value: `same` is what it is the same as, however it was written. */
type MarkOf = (kind: 'secret' | 'personal', type: string, value: string, same: string) => string;

/**
 * A redactor that works on values (requirement G5). Each secret and each personal value becomes
 * `⟦kind:type:length:mac⟧`, where `length` is the class of its length and `mac` the start of its HMAC-SHA-256 under this
 * installation's key: the same value gives the same `mac` everywhere, and cannot be found from it without the key.
 * Structure, member names and all other text stay. Ids, digests, public keys, signatures and verdicts whose signature
 * verifies stay as they are.
 */
export function createRedactor(options: { key: Uint8Array | KeyObject }): Redactor {
  const mac = macOf(options.key);
  return {
    ...redactorBy((kind, type, value, same) => `\u27e6${kind}:${type}:${lengthClass(value.length)}:${mac(same)}\u27e7`),
    behind: (value, mark) => behind(mac, value, mark),
  };
}

/** The value behind a mark, looked for in data from which it may have been redacted. */
function behind(mac: MacOf, value: Json, mark: string): string | null {
  const wanted = parseMark(mark);
  if (wanted === null) return null;
  let found: string | null = null;
  const look = redactorBy((kind, type, seen, same) => {
    if (found === null && kind === wanted.kind && type === wanted.type && mac(same) === wanted.mac) found = seen;
    // In place of the value: names that differ must still differ, as they do in what is redacted.
    return `\u27e6${same}\u27e7`;
  });
  look.value(value);
  return found;
}

function redactorBy(markOf: MarkOf): Pick<Redactor, 'text' | 'value'> {
  const plain = (text: string) => {
    const spans = detect(text);
    if (spans.length === 0) return text;
    let out = '';
    let at = 0;
    for (const span of spans) {
      out += text.slice(at, span.start) + markOf(span.kind, span.type, text.slice(span.start, span.end), span.same);
      at = span.end;
    }
    return out + text.slice(at);
  };

  const text = (value: string) => {
    if (DIGEST.test(value) || ID.test(value)) return value;
    return marked(value.includes('%') ? value.replace(ESCAPED, unescaped) : value);
  };

  /** Escaped as in an address, where that hides something: it then stands there unescaped and redacted. */
  const unescaped = (run: string) => {
    const read = withoutEscapes(run);
    return detect(read).length > 0 ? marked(read) : run;
  };

  const marked = (value: string) => {
    if (!value.includes('\u27e6')) return plain(value);
    let out = '';
    let at = 0;
    for (const match of value.matchAll(MARKS)) {
      out += plain(value.slice(at, match.index)) + match[0];
      at = match.index + match[0].length;
    }
    return out + plain(value.slice(at));
  };

  const whole = (value: string, name: string) => {
    if (value === '' || DIGEST.test(value) || OWN_ID.test(value)) return value;
    if (value.match(MARKS)?.[0] === value) return value;
    return markOf('secret', typeOf(name), value, value);
  };

  /** What the name of a member says. Names of records come again in each of them, and are read once. */
  const words = new Map<string, NameFacts>();
  const nameOf = (name: string): NameFacts => {
    const known = words.get(name);
    if (known) return known;
    const facts = {
      safe: text(name),
      secret: SECRET_NAME.test(name),
      tree: SECRET_TREE.test(name),
      public: PUBLIC_NAME.test(name),
    };
    // Names from outside are not remembered: they may be anybody's, and any number of them.
    if (words.size < WORDS_MAX && WORD.test(name) && facts.safe === name) words.set(name, facts);
    return facts;
  };

  const walk = (value: Json, name: string, known: NameFacts, inTree: boolean): Json => {
    if (typeof value === 'string') {
      if (known.public && (BASE64URL_KEY.test(value) || isPublicKey(value))) return value;
      return inTree || known.secret ? whole(value, name) : text(value);
    }
    if (typeof value === 'number') {
      if (inTree) return whole(String(value), name);
      const digits = Number.isSafeInteger(value) && value >= 1e13 ? String(value) : '';
      return digits && isCard(digits) ? markOf('personal', 'card', digits, digits) : value;
    }
    if (value === null || typeof value === 'boolean') return value;
    if (Array.isArray(value)) return (value as readonly Json[]).map((item) => walk(item, name, known, inTree));
    if (isSignedVerdict(value)) return value;
    const out: { [member: string]: Json } = {};
    for (const member of Object.keys(value)) {
      const item = (value as JsonObject)[member];
      // As JSON.stringify does: an optional member that a caller set to undefined is not there.
      if (item === undefined) continue;
      const known = nameOf(member);
      let free = known.safe;
      // Two addresses that differ only in case have one token: neither member may hide the other.
      for (let n = 2; Object.hasOwn(out, free); n++) free = `${known.safe}#${n}`;
      const kept = walk(item, member, known, inTree || known.tree);
      // Assigned, it would be the prototype.
      if (free === '__proto__')
        Object.defineProperty(out, free, { value: kept, enumerable: true, configurable: true, writable: true });
      else out[free] = kept;
    }
    return out;
  };

  return { text, value: ((value: Json) => walk(value, '', nameOf(''), false)) as Redactor['value'] };
}

/** Percent-encoding undone; a run that is no UTF-8 byte by byte, so that it hides nothing either. */
function withoutEscapes(run: string): string {
  try {
    return decodeURIComponent(run);
  } catch {
    return run.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  }
}

function typeOf(name: string): string {
  const match = /password|passphrase|secret|token|authorization|api[-_]?key|credential/i.exec(name);
  return match ? match[0].toLowerCase().replace(/api[-_]?key/, 'api-key') : 'credential';
}

/** A verdict is kept to the byte only if it is one: its own signature says so. */
function isSignedVerdict(value: Json): boolean {
  // Of nearly every object this says it is none; the schema alone would cost more than all of the rest.
  if (typeof (value as JsonObject).signature !== 'string' || !Object.hasOwn(value as JsonObject, 'statement'))
    return false;
  const parsed = signedVerdictSchema.safeParse(value);
  return parsed.success && signatureVerifies(parsed.data);
}

function signatureVerifies(signed: SignedVerdict): boolean {
  if ('passkey' in signed) return assertionVerifies(signed);
  try {
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: signed.public_key }, format: 'jwk' });
    return verify(null, verdictBytes(signed.statement), key, Buffer.from(signed.signature, 'base64url'));
  } catch {
    return false;
  }
}

/** An assertion of WebAuthn Level 3, 7.2, as far as it needs nobody's knowledge: it signs exactly this statement. */
function assertionVerifies({ statement, passkey }: PasskeyVerdict): boolean {
  try {
    const client = Buffer.from(passkey.client_data, 'base64url');
    const challenge = createHash('sha256').update(verdictBytes(statement)).digest('base64url');
    if (JSON.parse(client.toString('utf8')).challenge !== challenge) return false;
    const signed = Buffer.concat([
      Buffer.from(passkey.authenticator_data, 'base64url'),
      createHash('sha256').update(client).digest(),
    ]);
    const key = createPublicKey({ key: Buffer.from(passkey.public_key, 'base64url'), format: 'der', type: 'spki' });
    const digest = passkey.alg === 'EdDSA' ? null : 'sha256';
    return verify(digest, signed, key, Buffer.from(passkey.signature, 'base64url'));
  } catch {
    return false;
  }
}

/** A SubjectPublicKeyInfo, and nothing that is only named so. */
function isPublicKey(value: string): boolean {
  if (!/^[A-Za-z0-9_-]{44,1024}$/.test(value)) return false;
  try {
    const der = Buffer.from(value, 'base64url');
    const key = createPublicKey({ key: der, format: 'der', type: 'spki' });
    return key.export({ format: 'der', type: 'spki' }).equals(der);
  } catch {
    return false;
  }
}

import { MappedText } from '../../text-map.ts';
import { Collector, charPart, type Part } from '../collector.ts';
import { PROGRAM_ENDING } from '../detect-type.ts';
import { readHtml } from '../html/read-html.ts';
import { readText } from '../read-text.ts';
import { linesMissingFrom } from './compare-alternatives.ts';
import { bodyBytes, bodyText } from './decode-body.ts';
import { type Header, type MimePart, parseMime } from './parse-mime.ts';

/** What a mail program shows above the text. */
const SHOWN_HEADERS = ['from', 'to', 'cc', 'reply-to', 'date', 'subject'];
/** Headers that carry codes of programs and no text for anybody. */
const TECHNICAL =
  /^(?:received|dkim-|arc-|authentication-results|return-path|message-id|in-reply-to|references|mime-version|content-|delivered-to|x-(?:ms-|google-|gm-|spam|mailer|originating|received|forefront)|list-|precedence|feedback-id)/;
const THREE_WORDS = /\p{L}{3,}[^\p{L}]+\p{L}{3,}[^\p{L}]+\p{L}{3,}/u;

/** Reads a document that is attached: given by `ingest`, which knows all types. */
export type ReadAttached = (bytes: Uint8Array, declared: string, name: string, prefix: string) => Promise<void>;

/**
 * Reads a mail as a person sees it: the headers that are shown, then its bodies, then what is attached. Of alternatives the
 * HTML form is read, because mail programs show that one; lines of the plain form that it lacks are findings.
 */
export async function readMail(
  bytes: Uint8Array,
  prefix: string,
  collector: Collector,
  attached: ReadAttached,
): Promise<void> {
  const raw = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  const mail = parseMime(raw, collector);
  readHeaders(mail.headers, prefix, collector);
  await new MailReader(raw, prefix, collector, attached).read(mail);
}

function readHeaders(headers: readonly Header[], prefix: string, collector: Collector): void {
  const part: Part = { name: prefix === '' ? '' : prefix.slice(0, -1), unit: 'windows-1252', offset: (index) => index };
  for (const { name, value, start, end } of headers) {
    const repeated = headers.filter((other) => other.name === name).length > 1;
    if (SHOWN_HEADERS.includes(name)) {
      const block = new MappedText();
      block.push(`${name[0]!.toUpperCase()}${name.slice(1)}: ${value}`, start, end, false);
      collector.add('header', part, block);
      if (repeated) collector.find('malformed', 'low', part, start, end, `the header ${name} occurs more than once`);
    } else if (!TECHNICAL.test(name) && THREE_WORDS.test(value))
      collector.find(
        'hidden_header',
        'low',
        part,
        start,
        end,
        `the header ${name.slice(0, 60)}, which mail programs do not show`,
        value,
      );
  }
}

class MailReader {
  readonly #raw: string;
  readonly #prefix: string;
  readonly #collector: Collector;
  readonly #attached: ReadAttached;

  constructor(raw: string, prefix: string, collector: Collector, attached: ReadAttached) {
    this.#raw = raw;
    this.#prefix = prefix;
    this.#collector = collector;
    this.#attached = attached;
  }

  #part({ path }: MimePart): Part {
    return charPart(`${this.#prefix}body${path === '' ? '' : `/${path}`}`);
  }

  async read(part: MimePart): Promise<void> {
    const { type, children, filename, disposition } = part;
    this.#checkName(part);
    if (type === 'multipart/alternative') return this.#alternatives(part);
    if (type.startsWith('multipart/')) {
      for (const child of children) await this.read(child);
      return;
    }
    const separate = disposition === 'attachment' || filename !== '';
    if (!separate && type === 'text/html')
      return readHtml(bodyText(this.#raw, part), this.#part(part), this.#collector);
    if (!separate && type === 'text/plain')
      return readText(bodyText(this.#raw, part), this.#part(part), this.#collector);
    await this.#attached(bodyBytes(this.#raw, part), type, filename, `${this.#part(part).name}!`);
  }

  async #alternatives(part: MimePart): Promise<void> {
    const shown =
      part.children.findLast((child) => holds(child, 'text/html')) ??
      part.children.findLast((child) => holds(child, 'text/plain'));
    if (!shown) {
      for (const child of part.children) await this.read(child);
      return;
    }
    const before = this.#collector.blocks.length;
    await this.read(shown);
    const visible = this.#collector.blocks
      .slice(before)
      .map((block) => block.text)
      .join('\n');
    for (const other of part.children) {
      if (other === shown) continue;
      const where = this.#part(other);
      const text = visibleText(this.#raw, other, this.#collector);
      if (text === null) {
        this.#collector.find(
          'not_read',
          'info',
          where,
          0,
          0,
          `another form of the message (${other.type.slice(0, 60)}), which was not read`,
        );
        continue;
      }
      const missing = linesMissingFrom(text, visible);
      if (missing.length > 0)
        this.#collector.find(
          'alternatives_differ',
          'high',
          where,
          0,
          text.length,
          `another form of the message says what the shown one does not (${missing.length} lines)`,
          missing.join('\n'),
        );
      else if (linesMissingFrom(visible, text).length > 0)
        this.#collector.find(
          'alternatives_differ',
          'low',
          where,
          0,
          text.length,
          'another form of the message lacks some of what the shown one says',
        );
    }
  }

  #checkName(part: MimePart): void {
    const { filename } = part;
    if (filename === '') return;
    const where = this.#part(part);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters in a name deceive who reads it
    if (/[\p{Bidi_Control}\p{Default_Ignorable_Code_Point}\u0000-\u001f]/u.test(filename))
      this.#collector.find(
        'deceptive_name',
        'high',
        where,
        0,
        0,
        'the name of an attachment holds characters that hide its ending',
        filename,
      );
    else if (/\.[a-z0-9]{2,5}\s*\.[a-z0-9]{2,5}$/i.test(filename) && PROGRAM_ENDING.test(filename))
      this.#collector.find(
        'deceptive_name',
        'high',
        where,
        0,
        0,
        'the name of an attachment pretends to be of another type',
        filename,
      );
    else if (PROGRAM_ENDING.test(filename))
      this.#collector.find('active_content', 'high', where, 0, 0, 'a program is attached', filename);
  }
}

function holds(part: MimePart, type: string): boolean {
  return part.type === type || (part.type === 'multipart/related' && part.children.some((child) => holds(child, type)));
}

/** What a person would see of a form that is not shown, or `null` for a form that is no text. */
function visibleText(raw: string, part: MimePart, { limits }: Collector): string | null {
  if (part.type !== 'text/plain' && part.type !== 'text/html') return null;
  const aside = new Collector(limits);
  const text = bodyText(raw, part);
  if (part.type === 'text/html') readHtml(text, charPart(''), aside);
  else readText(text, charPart(''), aside);
  return aside.blocks.map((block) => block.text).join('\n');
}

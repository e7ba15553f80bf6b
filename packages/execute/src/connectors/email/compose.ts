import type { EmailBinding, JsonObject } from '@portreeve/contract';
import MailComposer from 'nodemailer/lib/mail-composer';
import { NotSendable } from '../ending.ts';

export interface Message {
  readonly from: string;
  readonly to: readonly string[];
  readonly id: string;
  readonly raw: Buffer;
}

const SUBJECT_CHARS_MAX = 256;
const TEXT_CHARS_MAX = 256 * 1024;

/** The dot-atom of RFC 5322 and a domain: no display name, comment, quotes, route or second address. */
const ADDRESS = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@([a-z0-9.-]+)$/;

/**
 * The one message that a call is: plain text, without attachments, to addresses of the declared domains alone. Its
 * Message-ID is the key of this one effect. Throws {@link NotSendable}, also for what could begin another header.
 */
export async function composeMessage(
  binding: EmailBinding,
  args: JsonObject,
  options: { readonly key: string; readonly at: Date },
): Promise<Message> {
  const { from } = binding;
  const to = recipientsOf(binding, args[binding.to]);
  const subject = textOf(args, binding.subject, SUBJECT_CHARS_MAX);
  if (/[\p{Cc}\p{Cf}\u2028\u2029]/u.test(subject)) throw new NotSendable('the subject has control characters');
  const text = textOf(args, binding.text, TEXT_CHARS_MAX);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those that plain text does not have
  if (/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/.test(text)) throw new NotSendable('the text has control characters');
  const places = new Set([binding.to, binding.subject, binding.text]);
  const more = Object.keys(args).find((name) => !places.has(name));
  if (more !== undefined) throw new NotSendable(`the message has no place for the argument ${more}`);

  const id = `<${options.key}@${from.slice(from.indexOf('@') + 1)}>`;
  const composer = new MailComposer({
    from,
    to: [...to],
    subject,
    text,
    messageId: id,
    date: options.at,
    disableFileAccess: true,
    disableUrlAccess: true,
    xMailer: false,
  });
  return { from, to, id, raw: await composer.compile().build() };
}

function recipientsOf(binding: EmailBinding, value: unknown): readonly string[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (list.length === 0 || list.length > binding.recipients_max) {
    throw new NotSendable(`a message goes to 1 to ${binding.recipients_max} recipients`);
  }
  const addresses = list.map((each) => {
    const at = typeof each === 'string' ? each.lastIndexOf('@') : -1;
    const address = typeof each === 'string' ? each.slice(0, at) + each.slice(at).toLowerCase() : '';
    const domain = address.length <= 254 && at <= 64 ? ADDRESS.exec(address)?.[2] : undefined;
    if (domain === undefined) throw new NotSendable('a recipient is not a plain address');
    if (!binding.domains.includes(domain)) throw new NotSendable('a recipient is outside the declared domains');
    return address;
  });
  if (new Set(addresses).size !== addresses.length) throw new NotSendable('a recipient is named twice');
  return addresses;
}

function textOf(args: JsonObject, name: string, chars_max: number): string {
  const value = args[name];
  if (typeof value !== 'string' || value.length === 0 || value.length > chars_max) {
    throw new NotSendable(`the argument ${name} is not text of 1 to ${chars_max} characters`);
  }
  return value;
}

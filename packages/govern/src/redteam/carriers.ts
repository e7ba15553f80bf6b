import type { PlaceKind } from './pack.ts';

/** A file as a source gives it. */
export interface GivenFile {
  readonly name: string;
  readonly media_type: string;
  readonly text: string;
}

/** One way in which a document can carry a text beside what it honestly says. */
export interface Carrier {
  readonly name: string;
  readonly kind: PlaceKind;
  readonly media_type: 'text/plain' | 'text/html' | 'message/rfc822';
  write(honest: string, carried: string): GivenFile;
}

const escaped = (text: string): string =>
  text.replace(/[&<>"]/g, (char) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[char] ?? char);

const html = (body: string, head = '<title>Document</title>'): GivenFile => ({
  name: 'document.html',
  media_type: 'text/html',
  text: `<!doctype html><html><head><meta charset="utf-8">${head}</head><body>${body}</body></html>`,
});
const paragraphs = (text: string): string =>
  text
    .split(/\n{2,}/)
    .map((part) => `<p>${escaped(part)}</p>`)
    .join('\n');

const base64Lines = (text: string): string =>
  Buffer.from(text)
    .toString('base64')
    .replace(/.{1,76}/g, '$&\r\n');
/** RFC 2047. */
const header = (text: string): string => `=?utf-8?B?${Buffer.from(text.replace(/[\r\n]+/g, ' ')).toString('base64')}?=`;

/** A mail of two parts (RFC 5322, RFC 2046); the name of the attached file by RFC 2231. */
function mail(given: { subject: string; body: string; fileName: string; file: string }): GivenFile {
  const name = encodeURIComponent(given.fileName.toWellFormed().replace(/[\r\n]+/g, ' ')).replace(/['()*]/g, '_');
  const part = (type: string, more: string, text: string) =>
    `--part\r\nContent-Type: ${type}; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n${more}\r\n${base64Lines(text)}\r\n`;
  return {
    name: 'mail.eml',
    media_type: 'message/rfc822',
    text: [
      'From: somebody@customer.example\r\nTo: desk@corp.example\r\nDate: Thu, 15 Jan 2026 09:00:00 +0000\r\n',
      `Subject: ${header(given.subject)}\r\nMIME-Version: 1.0\r\n`,
      'Content-Type: multipart/mixed; boundary="part"\r\n\r\n',
      part('text/plain', '', given.body),
      part('text/plain', `Content-Disposition: attachment; filename*=utf-8''${name}\r\n`, given.file),
      '--part--\r\n',
    ].join(''),
  };
}
const plainMail = { subject: 'A question', fileName: 'notes.txt', file: 'As discussed.' };

/** Where attackers put text into documents: in the open, where people do not look, and around the document. */
export const CARRIERS: readonly Carrier[] = [
  {
    ...{ name: 'plain text', kind: 'text', media_type: 'text/plain' },
    write: (honest, text) => ({ name: 'document.txt', media_type: 'text/plain', text: `${honest}\n\n${text}\n` }),
  },
  {
    ...{ name: 'paragraph of a page', kind: 'text', media_type: 'text/html' },
    write: (honest, text) => html(`${paragraphs(honest)}<p>${escaped(text)}</p>`),
  },
  {
    ...{ name: 'element that is not shown', kind: 'hidden', media_type: 'text/html' },
    write: (honest, text) => html(`${paragraphs(honest)}<div style="display:none">${escaped(text)}</div>`),
  },
  {
    ...{ name: 'white on white', kind: 'hidden', media_type: 'text/html' },
    write: (honest, text) =>
      html(`${paragraphs(honest)}<p style="color:#fff;background:#fff;font-size:1px">${escaped(text)}</p>`),
  },
  {
    ...{ name: 'comment of a page', kind: 'hidden', media_type: 'text/html' },
    write: (honest, text) => html(`${paragraphs(honest)}<!-- ${text.replaceAll('-->', '')} -->`),
  },
  {
    ...{ name: 'title of a page', kind: 'metadata', media_type: 'text/html' },
    write: (honest, text) =>
      html(paragraphs(honest), `<title>${escaped(text)}</title><meta name="description" content="${escaped(text)}">`),
  },
  {
    ...{ name: 'body of a mail', kind: 'text', media_type: 'message/rfc822' },
    write: (honest, text) => mail({ ...plainMail, body: `${honest}\n\n${text}` }),
  },
  {
    ...{ name: 'subject of a mail', kind: 'metadata', media_type: 'message/rfc822' },
    write: (honest, text) => mail({ ...plainMail, body: honest, subject: text }),
  },
  {
    ...{ name: 'attachment of a mail', kind: 'text', media_type: 'message/rfc822' },
    write: (honest, text) => mail({ ...plainMail, body: honest, file: text }),
  },
  {
    ...{ name: 'name of an attached file', kind: 'name', media_type: 'message/rfc822' },
    write: (honest, text) => mail({ ...plainMail, body: honest, fileName: `${text.slice(0, 180)}.txt` }),
  },
];

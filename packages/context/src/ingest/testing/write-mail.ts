export interface MailPart {
  readonly type: string;
  readonly body: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A mail of one part, or of several with a boundary. */
export function writeMail(
  parts: readonly MailPart[],
  options: { kind?: string; headers?: Readonly<Record<string, string>> } = {},
): Uint8Array {
  const head = {
    From: 'Alice Example <alice@example.org>',
    To: 'desk@example.org',
    Subject: 'A question',
    Date: 'Fri, 20 Nov 2026 10:00:00 +0000',
    'Message-ID': '<1@example.org>',
    'MIME-Version': '1.0',
    ...options.headers,
  };
  if (parts.length === 1) return Buffer.from(`${lines(head)}${writePart(parts[0]!)}`, 'latin1');
  const boundary = 'part-of-the-mail';
  const body = parts.map((part) => `--${boundary}\r\n${writePart(part)}\r\n`).join('');
  return Buffer.from(
    `${lines(head)}Content-Type: ${options.kind ?? 'multipart/mixed'}; boundary="${boundary}"\r\n\r\n${body}--${boundary}--\r\n`,
    'latin1',
  );
}

function writePart({ type, body, headers = {} }: MailPart): string {
  if (typeof body === 'string')
    return `Content-Type: ${type}\r\n${lines(headers)}\r\n${Buffer.from(body).toString('latin1')}`;
  const base64 = Buffer.from(body).toString('base64').replaceAll(/.{76}/g, '$&\r\n');
  return `Content-Type: ${type}\r\nContent-Transfer-Encoding: base64\r\n${lines(headers)}\r\n${base64}`;
}

function lines(headers: Readonly<Record<string, string>>): string {
  return Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('');
}

export interface MailPart {
  readonly type: string;
  readonly content: string | Buffer;
  /** The name of an attachment; without it the part is a text of the mail. */
  readonly attached?: string;
}

/** A mail as it came in (RFC 5322, MIME): its headers, then its parts, each in base64. */
export function writeMail(headers: Readonly<Record<string, string>>, parts: readonly MailPart[]): Buffer {
  const boundary = 'part-of-this-mail';
  const lines = [
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    'MIME-Version: 1.0',
    `Content-Type: multipart/mixed; boundary="${boundary}"`,
    '',
    ...parts.flatMap(({ type, content, attached }) => [
      `--${boundary}`,
      `Content-Type: ${type}`,
      'Content-Transfer-Encoding: base64',
      ...(attached === undefined ? [] : [`Content-Disposition: attachment; filename="${attached}"`]),
      '',
      ...(Buffer.from(content as string)
        .toString('base64')
        .match(/.{1,76}/g) ?? []),
    ]),
    `--${boundary}--`,
    '',
  ];
  return Buffer.from(lines.join('\r\n'), 'latin1');
}

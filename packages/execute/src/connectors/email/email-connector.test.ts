import { type EmailBinding, type JsonObject, systemClock } from '@portreeve/contract';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createEgress } from '../../egress/egress.ts';
import { selfSigned } from '../../testing/certificate.ts';
import { connectorContract, type Downstream } from '../../testing/connector-contract.ts';
import { executeFixture } from '../../testing/fixture.ts';
import { MAIL_LOGIN, type MailServer, mailContract, startMailServer } from '../../testing/mail-server.ts';
import { closedPort, startTcpProxy, type Tamper } from '../../testing/tcp-proxy.ts';
import { emailConnector } from './email-connector.ts';

const connectorFor = (ports: readonly number[], ca?: string) =>
  emailConnector({
    egress: createEgress({ allow: ports.map((port) => ({ host: '127.0.0.1', port, private: true })) }),
    clock: systemClock,
    ...(ca === undefined ? {} : { ca }),
  });

/** A server without TLS, so that the proxy before it can see what is said. */
async function downstream(): Promise<Downstream> {
  const server = await startMailServer(null);
  const proxy = await startTcpProxy(server);
  const closed = await closedPort();
  let to = proxy.port;
  const spoil = (tamper: Tamper) => (reached: () => void) => proxy.tamper(tamper, /\r\n\.\r\n$/, reached);
  return {
    connector: connectorFor([proxy.port, closed]),
    secrets: {},
    contract: (timeout_ms) => mailContract(to, timeout_ms, { binding: { tls: 'none' } }),
    args: () => good,
    result: { message_id: expect.stringMatching(/^<prop_.*@acme\.example>$/), recipients: ['ana@acme.example'] },
    dry_run: { never: 'a message that was sent cannot be taken back' },
    reads: { never: 'it only sends: another connector reads' },
    honours_key: false,
    effects: async () => server.messages.map(({ raw }) => /^Message-ID: (.*)\r$/m.exec(raw)?.[1] ?? ''),
    play: {
      refused: () => server.answer(550),
      unreachable: () => {
        to = closed;
      },
      'cut-before': () => proxy.tamper({ do: 'cut' }, null),
      'cut-after': spoil({ do: 'cut' }),
      silent: spoil({ do: 'silence' }),
      drip: spoil({ do: 'drip' }),
      oversize: spoil({ do: 'answer', head: '250-', more: 'x'.repeat(16 * 1024) }),
      malformed: spoil({ do: 'answer', head: 'HTTP/1.1 200 OK\r\n\r\n' }),
      redirect: { never: 'a mail server cannot send a client elsewhere' },
      'retry-after': () => server.answer(451),
    },
    async reset() {
      proxy.reset();
      server.answer(null);
      server.messages.length = 0;
      to = proxy.port;
    },
    async close() {
      await proxy.close();
      await server.close();
    },
  };
}

const good = { to: ['ana@acme.example'], subject: 'Case 7', text: 'All is well.' };

connectorContract('email', downstream);

describe('F8: e-mail', () => {
  const tls = selfSigned();
  let mail: MailServer;
  let plain: MailServer;
  beforeAll(async () => {
    mail = await startMailServer(tls);
    plain = await startMailServer(null);
  });
  beforeEach(() => {
    mail.messages.length = 0;
    Object.assign(mail.seen, { connections: 0, logins: 0 });
  });
  afterAll(() => Promise.all([mail.close(), plain.close()]));

  const send = async (
    args: object,
    change: { more?: JsonObject; binding?: Partial<EmailBinding> } = {},
    to: { port: number; ca?: string } = { port: mail.port, ca: tls.certificate },
  ) => {
    const fixture = executeFixture({ secrets: { 'mail-login': JSON.stringify(MAIL_LOGIN) } });
    const binding = { credential: 'mail-login', ...change.binding };
    const contract = mailContract(to.port, 5_000, { ...change, binding });
    const input = fixture.input(contract, { args: args as JsonObject });
    const { token } = await fixture.grant(input);
    const executor = fixture.executor(connectorFor([to.port], to.ca));
    return (await executor.execute({ token, proposal: input.proposal, contract })).outcome;
  };

  test('one message of plain text arrives as it was approved, over STARTTLS and signed in', async () => {
    const outcome = await send({ ...good, subject: 'Zürich “1”', text: 'Line 1\r\n.\nTschüss' });
    expect(outcome).toMatchObject({ state: 'succeeded', result: { recipients: ['ana@acme.example'] } });
    const [message] = mail.messages;
    expect(message).toMatchObject({
      secure: true,
      user: 'portreeve',
      from: 'desk@acme.example',
      to: ['ana@acme.example'],
    });
    expect(message!.raw).toMatch(/^Message-ID: <prop_[^@>]+@acme\.example>\r$/m);
    expect(message!.raw).toMatch(/^Subject: =\?UTF-8\?/m);
    expect(message!.raw).toMatch(/^Content-Type: text\/plain; charset=utf-8/m);
    expect(message!.raw).not.toMatch(/multipart|attachment|portreeve-grant|X-Mailer/i);
  });

  test.each([
    ['a line in the subject', { ...good, subject: 'a\r\nBcc: eve@evil.example' }],
    ['a line feed in the subject', { ...good, subject: 'a\nX: y' }],
    ['a direction mark in the subject', { ...good, subject: 'a\u202eb' }],
    ['a line in the recipient', { ...good, to: ['ana@acme.example\r\nRCPT TO:<eve@evil.example>'] }],
    ['two addresses in one', { ...good, to: ['ana@acme.example, eve@evil.example'] }],
    ['a display name', { ...good, to: ['Ana <ana@acme.example>'] }],
    ['another domain', { ...good, to: ['eve@evil.example'] }],
    ['a subdomain', { ...good, to: ['ana@sub.acme.example'] }],
    ['a longer domain', { ...good, to: ['ana@acme.example.evil.example'] }],
    ['a route', { ...good, to: ['<@evil.example:ana@acme.example>'] }],
    ['a quoted part', { ...good, to: ['"a@evil.example"@acme.example'] }],
    ['a percent hack is text of one mailbox only', { ...good, to: ['eve@evil.example%@evil.example'] }],
    ['nobody', { ...good, to: [] }],
    ['too many', { ...good, to: ['a@acme.example', 'b@acme.example', 'c@acme.example'] }],
    ['one twice', { ...good, to: ['a@acme.example', 'a@ACME.example'] }],
    ['control characters in the text', { ...good, text: 'a\u0007b' }],
  ])('refused before a connection is made: %s', async (_, args) => {
    expect(await send(args)).toMatchObject({ state: 'failed' });
    expect(mail.seen.connections).toBe(0);
  });

  test('an argument without a place is not dropped: nothing is sent', async () => {
    const more = { cc: { type: 'string' } };
    expect(await send({ ...good, cc: 'eve@evil.example' }, { more })).toMatchObject({
      state: 'failed',
      reason: 'the message has no place for the argument cc',
    });
    expect(mail.seen.connections).toBe(0);
  });

  test('taken for one recipient and not for the other: unknown, for a person', async () => {
    expect(await send({ ...good, to: ['ana@acme.example', 'nobody@acme.example'] })).toMatchObject({
      state: 'unknown',
      reason: 'the mail server took the message for 1 of 2 recipients',
    });
  });

  test('a server without STARTTLS gets neither the credential nor the message', async () => {
    expect(await send(good, {}, { port: plain.port })).toMatchObject({ state: 'failed' });
    expect(plain.messages).toEqual([]);
    expect(plain.seen).toMatchObject({ connections: 1, logins: 0 });
  });

  test('a certificate that nobody trusts: nothing is sent', async () => {
    expect(await send(good, {}, { port: mail.port })).toMatchObject({ state: 'failed' });
    expect(mail.seen).toMatchObject({ connections: 1, logins: 0 });
  });

  test('a wrong password has failed, and stands nowhere', async () => {
    const fixture = executeFixture({
      secrets: { 'mail-login': '{"username":"portreeve","password":"the-wrong-one"}' },
    });
    const contract = mailContract(mail.port, 5_000, { binding: { credential: 'mail-login' } });
    const input = fixture.input(contract, { args: good });
    const { token } = await fixture.grant(input);
    const executor = fixture.executor(connectorFor([mail.port], tls.certificate));
    const { outcome } = await executor.execute({ token, proposal: input.proposal, contract });
    expect(outcome).toMatchObject({ state: 'failed', reason: 'the mail server refused: 535' });
    expect(JSON.stringify([outcome, fixture.audit.drafts])).not.toContain('the-wrong-one');
  });

  test('a credential is never sent without encryption', async () => {
    expect(await send(good, { binding: { tls: 'none' } })).toMatchObject({
      state: 'failed',
      reason: 'a credential is not sent without encryption',
    });
    expect(mail.seen.connections).toBe(0);
  });
});

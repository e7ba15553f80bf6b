import { type Clock, type NotificationChannel, PortreeveError, type ProjectConfig } from '@portreeve/contract';
import { composeMessage, type Egress, loginOf, mailPlace, sendMail } from '@portreeve/execute';
import type { Secrets } from '../config/secrets.ts';
import { mailParts, slackBody, teamsBody } from './formats.ts';
import type { Message } from './words.ts';

/** Why a message was not taken; safe to be shown and recorded: no address, no answer, no secret is in it. */
export class NotTaken extends Error {
  override readonly name = 'NotTaken';
  /** Milliseconds after which the receiver wants to be asked again; null where it did not say. */
  readonly wait_ms: number | null;
  constructor(message: string, wait_ms: number | null = null) {
    super(message);
    this.wait_ms = wait_ms;
  }
}

/** Sends one message by a channel, to these of its addresses. Rejects with {@link NotTaken}. */
export type Send = (message: Message, to: readonly string[], key: string, signal: AbortSignal) => Promise<void>;

export interface SenderDeps {
  readonly systems: ProjectConfig['systems'];
  readonly egress: Pick<Egress, 'fetch' | 'connect'>;
  readonly secrets: Pick<Secrets, 'read'>;
  readonly clock: Clock;
  /** Certificates to trust besides those of the system, as PEM. */
  readonly ca?: string;
}

/** How a channel sends. Throws `misconfigured` where its system is not declared, or speaks otherwise. */
export function senderOf(channel: NotificationChannel, deps: SenderDeps): Send {
  const { kind, name, system: place } = channel;
  const system = Object.hasOwn(deps.systems, place) ? deps.systems[place] : undefined;
  const wanted = kind === 'email' ? /^smtps?:/ : /^https?:/;
  if (!system || !wanted.test(system.url))
    throw new PortreeveError(
      'misconfigured',
      `The channel ${name} needs a system ${place} with ${kind === 'email' ? 'an smtp' : 'an https'} address.`,
      {
        next: `Declare it under \`systems\`, as ${kind === 'email' ? 'smtp://mail.example:587' : 'https://hooks.slack.com'}.`,
      },
    );
  return kind === 'email' ? mailSender(channel, system.url, deps) : webhookSender(channel, system.url, deps);
}

/** POSTs to the secret address; an answer of 2xx is its receipt, and nothing of an answer's text is kept. */
function webhookSender(
  { kind, webhook }: NotificationChannel & { readonly kind: 'slack' | 'teams' },
  system: string,
  { egress, secrets }: SenderDeps,
): Send {
  const { origin } = new URL(system);
  const bodyOf = kind === 'slack' ? slackBody : teamsBody;
  return async (message, _to, _key, signal) => {
    const secret = await secretOf(secrets, webhook);
    const url = URL.canParse(secret) ? new URL(secret) : null;
    if (url?.origin !== origin)
      throw new NotTaken(`the secret ${webhook} is no address of ${origin}, where the channel’s system is`);
    const init = {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(bodyOf(message)),
      signal,
    };
    const response = await egress.fetch(url, init).catch((error: unknown) => {
      throw new NotTaken(signal.aborted ? 'no answer in time' : reasonOf(error));
    });
    await response.body?.cancel();
    if (!response.ok) throw new NotTaken(`the receiver answered ${response.status}`, waitOf(response));
  };
}

/** One message for all recipients; its Message-ID stays the same when it is tried again. */
function mailSender(
  { from, tls, credential }: NotificationChannel & { readonly kind: 'email' },
  system: string,
  { egress, secrets, clock, ca }: SenderDeps,
): Send {
  return async (message, to, key, signal) => {
    const login = credential === undefined ? null : loginFrom(await secretOf(secrets, credential), credential);
    const { port, ...server } = mailPlace({ tls }, system, login);
    const { subject, text } = mailParts(message);
    const binding = {
      ...({ connector: 'email', to: 'to', subject: 'subject', text: 'text', tls, from, url: system } as const),
      domains: [...new Set(to.map((address) => address.slice(address.lastIndexOf('@') + 1)))],
      recipients_max: to.length,
    };
    const mail = await composeMessage(binding, { to: [...to], subject, text }, { key, at: clock.now() });
    const place = { host: server.host, port, plain: server.tls === 'none', signal };
    const socket = await egress.connect(place).catch((error: unknown) => {
      throw new NotTaken(signal.aborted ? 'no connection in time' : reasonOf(error));
    });
    const delivery = await sendMail(socket, mail, { ...server, ...(ca === undefined ? {} : { ca }) }, signal);
    if (delivery.kind === 'accepted') return;
    throw new NotTaken(
      delivery.kind === 'partial'
        ? `the mail server took the message for ${delivery.accepted} of ${delivery.of} recipients`
        : delivery.reason,
    );
  };
}

async function secretOf(secrets: SenderDeps['secrets'], name: string): Promise<string> {
  const secret = await secrets.read(name).catch(() => {
    throw new NotTaken(`the secret ${name} cannot be read`);
  });
  if (secret === null) throw new NotTaken(`there is no secret ${name}`);
  return secret.trim();
}

function loginFrom(secret: string, name: string): ReturnType<typeof loginOf> {
  try {
    return loginOf(secret);
  } catch {
    throw new NotTaken(`the secret ${name} is not {"username": …, "password": …}`);
  }
}

/** The code of a network error alone: messages of libraries name addresses, and the webhook’s is a secret. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const { code } = (cause ?? {}) as { code?: unknown };
  return typeof code === 'string' && /^[A-Za-z_]{1,40}$/.test(code)
    ? `it cannot be reached (${code})`
    : 'it cannot be reached';
}

/** `Retry-After` in seconds (RFC 9110, 10.2.3). */
function waitOf(response: Response): number | null {
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : null;
}

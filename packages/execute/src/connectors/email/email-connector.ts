import type { Clock, EmailBinding } from '@portreeve/contract';
import type { Egress } from '../../egress/egress.ts';
import type { Connector } from '../../ports.ts';
import { takeVerifiedCall } from '../../verified-call.ts';
import { type Ending, judgeResult, type Locate, located, measured, NotSendable, reasonOf } from '../ending.ts';
import { type Login, loginOf } from '../login.ts';
import { within } from '../within.ts';
import { composeMessage } from './compose.ts';
import { type Delivery, type MailServer, sendMail } from './send-mail.ts';

/**
 * Sends one message of plain text by SMTP (RFC 5321), through the egress guard alone. The result of a success is
 * `{"message_id", "recipients"}`: the server has taken it for each recipient. A cut after the text began to leave is
 * `unknown`; so is a message that was taken for some recipients and not for others.
 */
export function emailConnector(options: {
  readonly egress: Egress;
  readonly clock: Clock;
  readonly locate?: Locate;
  /** Certificates to trust besides those of the system, as PEM. */
  readonly ca?: string;
}): Connector {
  const { egress, clock, locate = (url) => url, ca } = options;
  return {
    async call(call, { credential, signal }) {
      takeVerifiedCall(call);
      return measured(clock, async () => {
        const { contract } = call;
        const { binding } = contract;
        if (binding.connector !== 'email') throw new NotSendable('the tool is not bound to e-mail');
        const login = credential === null ? null : loginOf(credential);
        const { port, ...server } = mailPlace(binding, located(binding.url, locate), login);
        const message = await composeMessage(binding, call.args, { key: call.idempotency_key, at: clock.now() });
        const deadline = within(contract.timeout_ms, signal);
        try {
          const place = { host: server.host, port, plain: server.tls === 'none', signal: deadline.signal };
          const socket = await egress.connect(place);
          const delivery = await sendMail(socket, message, { ...server, ...(ca ? { ca } : {}) }, deadline.signal);
          const ending = endingOf(delivery);
          if (ending !== null) return ending;
          const result = { message_id: message.id, recipients: [...message.to] };
          const judged = judgeResult(result, contract, []);
          if (judged.ok) return { state: 'succeeded', result: judged.result };
          return { state: 'unknown', reason: `the mail server took the message ${judged.why}` };
        } catch (error) {
          // Only the connecting throws: nothing was said yet.
          return { state: 'failed', reason: deadline.reason() ?? reasonOf(error) };
        } finally {
          deadline.done();
        }
      });
    },
  };
}

function endingOf(delivery: Delivery): Ending | null {
  switch (delivery.kind) {
    case 'accepted':
      return null;
    case 'not-sent':
    case 'refused':
      return { state: 'failed', reason: delivery.reason };
    case 'no-answer':
      return { state: 'unknown', reason: delivery.reason };
    case 'partial':
      return {
        state: 'unknown',
        reason: `the mail server took the message for ${delivery.accepted} of ${delivery.of} recipients`,
      };
  }
}

/** A mail server, and where it listens. */
export type MailPlace = MailServer & { readonly port: number };

/** What an `smtp` or `smtps` address says. Throws {@link NotSendable}, also for a credential without encryption. */
export function mailPlace({ tls: wanted }: Pick<EmailBinding, 'tls'>, address: string, login: Login | null): MailPlace {
  const url = new URL(address);
  if (url.protocol !== 'smtp:' && url.protocol !== 'smtps:')
    throw new NotSendable('the address of the binding is not smtp');
  const tls = url.protocol === 'smtps:' ? 'implicit' : wanted === 'none' ? 'none' : 'starttls';
  if (tls === 'none' && login !== null) throw new NotSendable('a credential is not sent without encryption');
  const port = Number(url.port || (tls === 'implicit' ? 465 : 587));
  return { host: url.hostname, port, tls, login };
}

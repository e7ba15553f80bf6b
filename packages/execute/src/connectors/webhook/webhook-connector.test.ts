import { generateKeyPairSync, randomBytes, verify } from 'node:crypto';
import { systemClock } from '@portreeve/contract';
import { Webhook } from 'standardwebhooks';
import { describe, expect, test } from 'vitest';
import { createEgress } from '../../egress/egress.ts';
import { connectorContract } from '../../testing/connector-contract.ts';
import { executeFixture, testContract } from '../../testing/fixture.ts';
import { httpDownstream } from '../../testing/http-downstream.ts';
import { proofClaims } from '../../testing/proof.ts';
import { webhookSignature } from './sign-webhook.ts';
import { webhookConnector } from './webhook-connector.ts';

const secret = `whsec_${randomBytes(32).toString('base64')}`;

const downstream = () =>
  httpDownstream({
    connector: ({ host, ports }) =>
      webhookConnector({
        egress: createEgress({ allow: ports.map((port) => ({ host, port, private: true })) }),
        clock: systemClock,
      }),
    contract: (origin, timeout_ms) =>
      testContract({
        timeout_ms,
        result: { type: 'object', properties: { delivered: { const: true } }, required: ['delivered'] },
        binding: { connector: 'webhook', url: `${origin}/hooks`, event: 'case.published', credential: 'hook-secret' },
      }),
    secrets: { 'hook-secret': secret },
    args: () => ({ case_id: 'case-7', summary: 'Zürich "1"' }),
    result: { delivered: true },
    keyOf: ({ headers }) => headers['webhook-id'] as string,
  });

connectorContract('webhook', downstream);

describe('F8: Standard Webhooks', () => {
  test('the reference library verifies what was sent, and nothing else', async () => {
    const place = await downstream();
    try {
      const fixture = executeFixture({ secrets: place.secrets });
      const contract = await place.contract(5_000);
      const input = fixture.input(contract, { args: place.args() });
      const { token } = await fixture.grant(input);
      await fixture.executor(place.connector).execute({ token, proposal: input.proposal, contract });
      const [request] = place.received;
      const headers = request!.headers as Record<string, string>;
      expect(proofClaims(headers)).toMatchObject({ htm: 'POST', htu: expect.stringMatching(/^http:.*\/hooks$/) });
      expect(new Webhook(secret).verify(request!.body, headers)).toMatchObject({
        type: 'case.published',
        timestamp: expect.stringMatching(/^\d{4}-/),
        data: place.args(),
      });
      expect(() => new Webhook(secret).verify(`${request!.body} `, headers)).toThrow('No matching signature');
      expect(() => new Webhook(secret).verify(request!.body, { ...headers, 'webhook-id': 'msg_2' })).toThrow();
      const other = `whsec_${randomBytes(32).toString('base64')}`;
      expect(() => new Webhook(other).verify(request!.body, headers)).toThrow('No matching signature');
    } finally {
      await place.close();
    }
  });

  test('signs as the example of the specification', () => {
    // From the specification's reference tests: secret, id, timestamp and payload with their signature.
    const message = { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', timestamp_s: 1614265330, body: '{"test": 2432232314}' };
    expect(webhookSignature(message, 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw')).toBe(
      'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    );
  });

  test('while a secret is exchanged both sign, and either verifies', () => {
    const old = `whsec_${randomBytes(24).toString('base64')}`;
    const at = new Date();
    const message = { id: 'msg_1', timestamp_s: Math.floor(at.getTime() / 1000), body: '{}' };
    const headers = {
      'webhook-id': message.id,
      'webhook-timestamp': String(message.timestamp_s),
      'webhook-signature': webhookSignature(message, `${secret} ${old}`),
    };
    for (const each of [secret, old]) expect(new Webhook(each).verify('{}', headers)).toEqual({});
  });

  test('Ed25519 (v1a) verifies with the public key', () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const seed = privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(-32);
    const message = { id: 'msg_1', timestamp_s: 1_700_000_000, body: '{"a":1}' };
    const signature = webhookSignature(message, `whsk_${seed.toString('base64')}`);
    expect(signature).toMatch(/^v1a,/);
    const bytes = Buffer.from(signature.slice(4), 'base64');
    expect(verify(null, Buffer.from('msg_1.1700000000.{"a":1}'), publicKey, bytes)).toBe(true);
    expect(verify(null, Buffer.from('msg_1.1700000001.{"a":1}'), publicKey, bytes)).toBe(false);
  });

  test.each(['', 'whsec_', 'whsec_short', 'plain-secret', `${secret} ${secret} ${secret}`, `whsk_${'A'.repeat(24)}`])(
    'a secret of another form (%#) is refused, and not repeated',
    (bad) => {
      const message = { id: 'msg_1', timestamp_s: 1, body: '{}' };
      expect(() => webhookSignature(message, bad)).toThrow('not one of Standard Webhooks');
    },
  );
});

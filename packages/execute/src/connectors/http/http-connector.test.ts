import { systemClock } from '@portreeve/contract';
import { expect, test } from 'vitest';
import { createEgress } from '../../egress/egress.ts';
import { connectorContract } from '../../testing/connector-contract.ts';
import { executeFixture, testContract } from '../../testing/fixture.ts';
import { httpContract } from '../../testing/http-contract.ts';
import { httpDownstream } from '../../testing/http-downstream.ts';
import { httpConnector } from './http-connector.ts';

httpContract('http', ({ host, port }) =>
  httpConnector({ egress: createEgress({ allow: [{ host, port, private: true }] }), clock: systemClock }),
);

test('F13: a host that is not declared has failed, with nothing sent', async () => {
  const fixture = executeFixture();
  const contract = testContract({ binding: { url: 'https://elsewhere.test/cases/{case_id}' } });
  const input = fixture.input(contract);
  const { token } = await fixture.grant(input);
  const connector = httpConnector({ egress: createEgress({ allow: [{ host: 'cases.test' }] }), clock: systemClock });
  const { outcome } = await fixture.executor(connector).execute({ token, proposal: input.proposal, contract });
  expect(outcome).toMatchObject({
    state: 'failed',
    reason: 'egress_refused: elsewhere.test:443 is not declared.',
  });
});

test('F6 INV9: where a system is, is asked at the call: an approved call outlives a system that moves', async () => {
  const fixture = executeFixture();
  const contract = testContract({ binding: { url: 'system://cases/cases/{case_id}' } });
  const execute = async (locate: (url: string) => string | null) => {
    const input = fixture.input(contract);
    const { token } = await fixture.grant(input);
    const connector = httpConnector({ egress: createEgress({ allow: [] }), clock: systemClock, locate });
    return (await fixture.executor(connector).execute({ token, proposal: input.proposal, contract })).outcome;
  };
  expect(await execute((url) => url.replace('system://cases', 'https://moved.test'))).toMatchObject({
    state: 'failed',
    reason: 'egress_refused: moved.test:443 is not declared.',
  });
  expect(await execute(() => null)).toMatchObject({
    state: 'failed',
    reason: 'system://cases/cases/{case_id} names a system that is not configured',
  });
});

connectorContract('http', () =>
  httpDownstream({
    connector: ({ host, ports }) =>
      httpConnector({
        egress: createEgress({ allow: ports.map((port) => ({ host, port, private: true })) }),
        clock: systemClock,
      }),
    contract: (origin, timeout_ms) =>
      testContract({ timeout_ms, binding: { url: `${origin}/cases/{case_id}/summary`, credential: 'case-token' } }),
    reads: (origin, timeout_ms) =>
      testContract({
        ...{ timeout_ms, name: 'show_case_summary', effect: 'read' },
        binding: { url: `${origin}/cases/{case_id}/summary/preview`, credential: 'case-token' },
      }),
    secrets: { 'case-token': 'credential-for-one-call' },
    args: () => ({ case_id: 'case-7', summary: 'All is well.' }),
    result: { published: true },
    keyOf: ({ url, headers }) => (url.endsWith('/preview') ? undefined : (headers['idempotency-key'] as string)),
  }),
);

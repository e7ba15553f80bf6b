import { systemClock } from '@portreeve/contract';
import { expect, test } from 'vitest';
import { createEgress } from './egress.ts';
import { httpConnector } from './http-connector.ts';
import { connectorContract } from './testing/connector-contract.ts';
import { executeFixture, testContract } from './testing/fixture.ts';

connectorContract('http', ({ host, port }) =>
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

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { executeFixture, scriptedConnector, testContract } from '../testing/fixture.ts';
import { openKeystore } from './keystore.ts';

test('F7: a secret and the root identity are rotated while 60 calls are in flight: none is lost', async () => {
  const base = await mkdtemp(join(tmpdir(), 'portreeve-rotation-'));
  try {
    const identityFile = join(base, 'identity');
    const keystore = openKeystore({ folder: join(base, 'secrets'), identityFile, environment: 'test' });
    const values = Array.from({ length: 6 }, (_, i) => `value-number-${i}`);
    await keystore.set('case-token', values[0]!);
    const fixture = executeFixture();
    fixture.secrets.fetch = keystore.fetch;
    const contract = testContract({ binding: { credential: 'case-token' } });
    const connector = scriptedConnector();
    const executor = fixture.executor(connector);
    const call = async () => {
      const input = fixture.input(contract);
      const { token } = await fixture.grant(input);
      return executor.execute({ token, proposal: input.proposal, contract });
    };
    const rotating = (async () => {
      for (const value of values) {
        await keystore.set('case-token', value);
        await keystore.rotate();
      }
    })();
    const ended = await Promise.all(Array.from({ length: 60 }, call));
    await rotating;
    expect(ended.filter(({ outcome }) => outcome.state !== 'succeeded')).toEqual([]);
    expect(connector.calls.filter(({ credential }) => !values.includes(credential ?? ''))).toEqual([]);
    await call();
    expect(connector.calls.at(-1)?.credential).toBe(values.at(-1));
  } finally {
    await rm(base, { recursive: true, force: true });
  }
});

import { createHmac, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { GRANT_TYPE, type GrantClaims, PortreeveError } from '@portreeve/contract';
import { SignJWT, UnsecuredJWT } from 'jose';
import { describe, expect, test } from 'vitest';
import {
  type ExecuteFixture,
  executeFixture,
  scriptedConnector,
  testContract,
  testProposal,
} from './testing/fixture.ts';

async function ready(options: Parameters<typeof executeFixture>[0] = {}, contract = testContract()) {
  const fixture = executeFixture(options);
  const connector = scriptedConnector();
  const input = fixture.input(contract);
  const { token, claims } = await fixture.grant(input);
  return { fixture, connector, input, token, claims, contract, executor: fixture.executor(connector) };
}

/** Signs claims as the gatekeeper would, with something changed. */
function sign(fixture: ExecuteFixture, claims: GrantClaims | object, header: object = {}, key?: KeyObject) {
  return new SignJWT({ ...claims })
    .setProtectedHeader({ alg: 'EdDSA', typ: GRANT_TYPE, kid: 'grant-1', ...header })
    .sign(key ?? fixture.privateKey);
}

describe('F7, F9: one execution', () => {
  test('spends the grant, records the intent before the call and the result after it', async () => {
    const order: string[] = [];
    const fixture = executeFixture({
      secrets: { 'case-token': 's3cret-value' },
      wrapAudit: (audit) => ({
        ...audit,
        append: async (tx, drafts) => {
          order.push(...drafts.map((entry) => entry.type));
          await audit.append(tx, drafts);
        },
      }),
    });
    const connector = scriptedConnector(() => {
      order.push('CALL');
      return { state: 'succeeded', status: 201, result: { published: true }, duration_ms: 7 };
    });
    const contract = testContract({ binding: { credential: 'case-token' } });
    const input = fixture.input(contract);
    const { token, claims } = await fixture.grant(input);
    const executor = fixture.executor(connector);
    const { execution, outcome } = await executor.execute({ token, proposal: input.proposal, contract });

    expect(order).toEqual(['grant.issued', 'execution.intent', 'CALL', 'execution.result']);
    expect(outcome).toEqual({ state: 'succeeded', status: 201, result: { published: true }, duration_ms: 7 });
    expect(connector.calls).toHaveLength(1);
    expect(connector.calls[0]!.credential).toBe('s3cret-value');
    expect(fixture.secrets.reads).toEqual(['case-token']);
    const [intent] = fixture.audit.of('execution.intent');
    expect(intent).toMatchObject({
      refs: {
        run: input.proposal.run,
        proposal: input.proposal.id,
        decision: input.decision.id,
        approval: input.approvals[0]!.id,
        grant: claims.jti,
        execution,
        tool: contract.name,
        policy_version: input.decision.policy_version,
      },
      actor: { id: input.proposal.principal.id, act: [{ id: 'agent:incident-summary' }] },
      data: { proposal_digest: input.proposal.digest, idempotency_key: input.proposal.id },
    });
    expect(fixture.audit.of('execution.result')[0]).toMatchObject({
      outcome: 'succeeded',
      data: { state: 'succeeded', http_status: 201, result: { published: true }, late: false },
    });
    expect(JSON.stringify(fixture.audit.drafts)).not.toContain('s3cret-value');
    expect(JSON.stringify(fixture.audit.drafts)).not.toContain(token);
  });

  test('a grant that was used is refused, whatever came of its call', async () => {
    const { fixture, input, token, contract } = await ready();
    const connector = scriptedConnector(() => ({ state: 'failed', status: 404, reason: 'no', duration_ms: 1 }));
    const executor = fixture.executor(connector);
    const call = { token, proposal: input.proposal, contract };
    await executor.execute(call);
    await expect(executor.execute(call)).rejects.toMatchObject({ code: 'grant_spent' });
    expect(connector.calls).toHaveLength(1);
    expect(fixture.audit.of('grant.refused').map((entry) => [entry.data.code, entry.refs?.grant])).toEqual([
      ['grant_spent', connector.calls[0]!.call.claims.jti],
    ]);
  });

  test('INV1: a call that was made cannot be passed to a connector again', async () => {
    const { fixture, input, token, contract } = await ready();
    const connector = scriptedConnector();
    await fixture.executor(connector).execute({ token, proposal: input.proposal, contract });
    const { call } = connector.calls[0]!;
    const again = { credential: null, signal: new AbortController().signal };
    await expect(connector.call(call, again)).rejects.toThrow('used before');
    await expect(connector.call({ ...call }, again)).rejects.toThrow('not a call');
  });

  test('a revoked grant is refused', async () => {
    const { fixture, input, token, claims, contract, connector, executor } = await ready();
    expect(await fixture.uow.transaction((tx) => fixture.grants.revoke(tx, claims.jti))).toBe(true);
    expect(await fixture.uow.transaction((tx) => fixture.grants.revoke(tx, claims.jti))).toBe(false);
    await expect(executor.execute({ token, proposal: input.proposal, contract })).rejects.toMatchObject({
      code: 'grant_invalid',
    });
    expect(connector.calls).toEqual([]);
  });

  test('a grant whose row was closed by time is refused although its token is not over', async () => {
    const { fixture, input, token, claims, contract, executor } = await ready();
    fixture.clock.advance(120_000);
    expect(await fixture.uow.transaction((tx) => fixture.grants.expire(tx))).toEqual([claims.jti]);
    fixture.clock.advance(-60_000);
    await expect(executor.execute({ token, proposal: input.proposal, contract })).rejects.toMatchObject({
      code: 'grant_expired',
    });
  });
});

describe('INV5 F6: refused, recorded, and nothing called:', () => {
  const cases: Record<
    string,
    [
      string,
      (ready: Awaited<ReturnType<typeof ready_>>) => Promise<{ token?: string; proposal?: unknown; contract?: object }>,
    ]
  > = {
    'altered arguments': [
      'grant_mismatch',
      async ({ input }) => ({ proposal: { ...input.proposal, args: { ...input.proposal.args, case_id: 'case-8' } } }),
    ],
    'an altered label': [
      'grant_mismatch',
      async ({ input }) => ({
        proposal: { ...input.proposal, influence: { ...input.proposal.influence, integrity: 'untrusted' } },
      }),
    ],
    'another proposal with the same content': [
      'grant_mismatch',
      async ({ fixture, input }) => ({
        proposal: { ...input.proposal, id: testProposal(fixture.clock).id },
      }),
    ],
    'another principal': [
      'grant_mismatch',
      async ({ fixture, input }) => ({
        proposal: {
          ...input.proposal,
          principal: { ...input.proposal.principal, id: testProposal(fixture.clock).principal.id },
        },
      }),
    ],
    'another actor': [
      'grant_mismatch',
      async ({ input }) => ({ proposal: { ...input.proposal, principal: { ...input.proposal.principal, act: [] } } }),
    ],
    'another release': [
      'grant_mismatch',
      async ({ input }) => ({ proposal: { ...input.proposal, release: `sha256:${'0'.repeat(64)}` } }),
    ],
    'another run': ['grant_mismatch', async ({ input }) => ({ proposal: { ...input.proposal, run: null } })],
    'another tool': ['grant_mismatch', async () => ({ contract: testContract({ name: 'delete_case' }) })],
    'another tool, in the proposal too': [
      'grant_mismatch',
      async ({ input }) => ({
        contract: testContract({ name: 'delete_case' }),
        proposal: { ...input.proposal, tool: 'delete_case' },
      }),
    ],
    'another version of the tool': ['grant_mismatch', async () => ({ contract: testContract({ version: '2.0.0' }) })],
    'another downstream': ['grant_mismatch', async () => ({ contract: testContract({ audience: 'payroll' }) })],
    'arguments that break a schema that became stricter': [
      'bad_request',
      async () => ({ contract: testContract({ args: { type: 'object', maxProperties: 1 } }) }),
    ],
    'not a proposal': ['bad_request', async () => ({ proposal: { tool: 'publish_case_summary' } })],
    'another environment': [
      'grant_mismatch',
      async ({ fixture, claims }) => ({
        token: await sign(fixture, { ...claims, tctx: { ...claims.tctx, environment: 'production' } }),
      }),
    ],
    'another executor': [
      'grant_mismatch',
      async ({ fixture, claims }) => ({ token: await sign(fixture, { ...claims, req_wl: 'other-executor' }) }),
    ],
    'another issuer': [
      'grant_invalid',
      async ({ fixture, claims }) => ({ token: await sign(fixture, { ...claims, iss: 'https://evil.test' }) }),
    ],
    'two audiences': [
      'grant_invalid',
      async ({ fixture, claims }) => ({ token: await sign(fixture, { ...claims, aud: ['case-system', 'payroll'] }) }),
    ],
    'a claim too many': [
      'grant_invalid',
      async ({ fixture, claims }) => ({ token: await sign(fixture, { ...claims, admin: true }) }),
    ],
    'a claim too few': [
      'grant_invalid',
      async ({ fixture, claims: { tctx: _, ...rest } }) => ({ token: await sign(fixture, rest) }),
    ],
    'a life of years': [
      'grant_invalid',
      async ({ fixture, claims }) => ({ token: await sign(fixture, { ...claims, exp: claims.iat + 10 ** 8 }) }),
    ],
    'a time that is over': [
      'grant_expired',
      async ({ fixture }) => {
        fixture.clock.advance(120_000);
        return {};
      },
    ],
    'a time that has not come': [
      'grant_invalid',
      async ({ fixture }) => {
        fixture.clock.advance(-1_000);
        return {};
      },
    ],
    'no signature (alg none)': [
      'grant_invalid',
      async ({ claims }) => ({ token: new UnsecuredJWT({ ...claims } as never).encode() }),
    ],
    'an HMAC with the public key as its secret': [
      'grant_invalid',
      async ({ fixture, claims }) => {
        const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
        const signed = `${part({ alg: 'HS256', typ: GRANT_TYPE, kid: 'grant-1' })}.${part(claims)}`;
        const secret = Buffer.from(String(fixture.issuer.jwks().keys[0]!.x), 'base64url');
        return { token: `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}` };
      },
    ],
    'another type of token': [
      'grant_invalid',
      async ({ fixture, claims }) => ({ token: await sign(fixture, claims, { typ: 'at+jwt' }) }),
    ],
    'no type': [
      'grant_invalid',
      async ({ fixture, claims }) => ({
        token: await new SignJWT({ ...claims }).setProtectedHeader({ alg: 'EdDSA' }).sign(fixture.privateKey),
      }),
    ],
    'an unknown key id': [
      'grant_invalid',
      async ({ fixture, claims }) => ({ token: await sign(fixture, claims, { kid: 'grant-2' }) }),
    ],
    'a foreign key': [
      'grant_invalid',
      async ({ fixture, claims }) => ({
        token: await sign(fixture, claims, {}, generateKeyPairSync('ed25519').privateKey),
      }),
    ],
    'a foreign key that it brings along': [
      'grant_invalid',
      async ({ fixture, claims }) => {
        const { privateKey, publicKey } = generateKeyPairSync('ed25519');
        return { token: await sign(fixture, claims, { jwk: publicKey.export({ format: 'jwk' }) }, privateKey) };
      },
    ],
    'a right signature on an id that nobody issued': [
      'grant_invalid',
      async ({ fixture, claims }) => ({
        token: await sign(fixture, { ...claims, jti: 'grt_00000000000000000000000000' }),
      }),
    ],
    'an altered payload': [
      'grant_invalid',
      async ({ token }) => {
        const [head, , signature] = token.split('.');
        return { token: `${head}.${Buffer.from('{"iss":"x"}').toString('base64url')}.${signature}` };
      },
    ],
    'a token of 9,000 characters': ['grant_invalid', async ({ token }) => ({ token: token.padEnd(9_000, 'A') })],
    'an empty token': ['grant_invalid', async () => ({ token: '' })],
    'something that is not a string': ['grant_invalid', async () => ({ token: { token: 'x' } as never })],
  };
  const ready_ = () => ready();

  test.each(Object.entries(cases))('%s', async (_, [code, change]) => {
    const state = await ready_();
    const { fixture, input, token, contract, connector, executor } = state;
    const call = { token, proposal: input.proposal, contract, ...(await change(state)) };
    await expect(executor.execute(call as never)).rejects.toMatchObject({ name: 'PortreeveError', code });
    expect(connector.calls).toEqual([]);
    expect(fixture.audit.types()).toEqual(['grant.issued', 'grant.refused']);
    expect(fixture.audit.of('grant.refused')[0]!.data.code).toBe(code);
    expect(await fixture.store.executionsIn('started', 10)).toEqual([]);
  });

  test('after such a refusal the right call still goes through', async () => {
    const { input, token, contract, connector, executor } = await ready();
    const altered = { ...input.proposal, args: { case_id: 'x', summary: 'y' } };
    await expect(executor.execute({ token, proposal: altered, contract })).rejects.toThrow();
    await executor.execute({ token, proposal: input.proposal, contract });
    expect(connector.calls).toHaveLength(1);
  });
});

describe('INV3 G3: nothing acts unrecorded', () => {
  test('if the intent cannot be written, nothing is called and the grant can still be used', async () => {
    const { fixture, input, token, contract, connector, executor } = await ready();
    const call = { token, proposal: input.proposal, contract };
    fixture.audit.failWith(new Error('disk full'));
    await expect(executor.execute(call)).rejects.toMatchObject({ code: 'audit_unavailable' });
    expect(connector.calls).toEqual([]);
    expect(fixture.secrets.reads).toEqual([]);
    fixture.audit.failWith(null);
    await executor.execute(call);
    expect(connector.calls).toHaveLength(1);
  });

  test('if a refusal cannot be written, it says that', async () => {
    const { fixture, input, contract, executor } = await ready();
    fixture.audit.failWith(new Error('disk full'));
    const call = { token: 'forged', proposal: input.proposal, contract };
    await expect(executor.execute(call)).rejects.toMatchObject({ code: 'audit_unavailable' });
  });

  test('if the result cannot be written, the execution stays open and recovery writes what is known', async () => {
    const { fixture, input, token, contract } = await ready();
    const connector = scriptedConnector(() => {
      fixture.audit.failWith(new Error('disk full'));
      return { state: 'succeeded', status: 200, result: { published: true }, duration_ms: 1 };
    });
    const executor = fixture.executor(connector);
    const error = await executor.execute({ token, proposal: input.proposal, contract }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(PortreeveError);
    expect(error).toMatchObject({ code: 'audit_unavailable', extra: { execution: expect.stringMatching(/^exec_/) } });
    fixture.audit.failWith(null);
    const recovered = await executor.recover(input.proposal.id, { dead: async () => false });
    expect(recovered).toMatchObject({ state: 'succeeded', outcome: { result: { published: true } } });
    expect(fixture.audit.of('execution.result')).toHaveLength(1);
    expect(connector.calls).toHaveLength(1);
  });
});

describe('an outcome for whatever goes wrong', () => {
  const contract = testContract({ binding: { credential: 'case-token' } });

  test('F7: no credential: failed, nothing called', async () => {
    const { fixture, input, token, connector, executor } = await ready({}, contract);
    const { outcome } = await executor.execute({ token, proposal: input.proposal, contract });
    expect(outcome).toMatchObject({ state: 'failed', reason: 'there is no credential case-token' });
    expect(connector.calls).toEqual([]);
    expect(fixture.audit.types()).toEqual(['grant.issued', 'execution.intent', 'execution.result']);
  });

  test('F7: a secret store that breaks: failed, and its message goes nowhere', async () => {
    const { fixture, input, token, connector, executor } = await ready({}, contract);
    fixture.secrets.fetch = async () => {
      throw new Error('vault said hunter2');
    };
    const { outcome } = await executor.execute({ token, proposal: input.proposal, contract });
    expect(outcome).toMatchObject({ state: 'failed', reason: 'the credential case-token could not be read' });
    expect(connector.calls).toEqual([]);
    expect(JSON.stringify(fixture.audit.drafts)).not.toContain('hunter2');
  });

  test('a connector that throws leaves the outcome unknown', async () => {
    const { fixture, input, token, contract: plain } = await ready();
    const connector = scriptedConnector(() => {
      throw new Error('bug');
    });
    const executor = fixture.executor(connector);
    const { outcome } = await executor.execute({ token, proposal: input.proposal, contract: plain });
    expect(outcome).toMatchObject({ state: 'unknown', reason: 'the connector broke off' });
  });

  test('a process that slept through the time of the grant does not call', async () => {
    const { fixture, input, token, contract: plain, connector } = await ready();
    const executor = fixture.executor(connector, {
      debugpoint: (name) => (name === 'before-call' ? fixture.clock.advance(120_000) : undefined),
    });
    const { outcome } = await executor.execute({ token, proposal: input.proposal, contract: plain });
    expect(outcome).toMatchObject({ state: 'failed' });
    expect(connector.calls).toEqual([]);
  });

  test('a tool whose result schema does not compile is refused before it is called', async () => {
    const broken = testContract({ result: { type: 'nonsense' } });
    const { input, token, connector, executor } = await ready({}, broken);
    const call = { token, proposal: input.proposal, contract: broken };
    await expect(executor.execute(call)).rejects.toMatchObject({ code: 'misconfigured' });
    expect(connector.calls).toEqual([]);
  });
});

test('B6: a grant of one environment is refused by the executor of another, although keys and issuer are the same', async () => {
  const { fixture, input, token, contract } = await ready();
  const connector = scriptedConnector();
  const elsewhere = fixture.executor(connector, { environment: 'production' });
  await expect(elsewhere.execute({ token, proposal: input.proposal, contract })).rejects.toMatchObject({
    code: 'grant_mismatch',
    detail: 'The grant is for another environment.',
  });
  expect(connector.calls).toEqual([]);
});

describe('INV6 F6: of 10,000 parallel uses of one grant', () => {
  test('one executes, by any of several executors', async () => {
    const { fixture, input, token, contract } = await ready();
    const connector = scriptedConnector();
    const executors = [1, 2, 3, 4].map((n) => fixture.executor(connector, { instance: `executor-${n}` }));
    const call = { token, proposal: input.proposal, contract };
    const results = await Promise.allSettled(
      Array.from({ length: 10_000 }, (_, i) => executors[i % executors.length]!.execute(call)),
    );
    expect(connector.calls).toHaveLength(1);
    expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1);
    const codes = results.flatMap((result) => (result.status === 'rejected' ? [result.reason.code] : []));
    expect(new Set(codes)).toEqual(new Set(['grant_spent']));
    expect(fixture.audit.of('execution.intent')).toHaveLength(1);
    expect(fixture.audit.of('grant.refused')).toHaveLength(9_999);
  }, 120_000);
});

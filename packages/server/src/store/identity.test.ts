import { generateKeyPairSync } from 'node:crypto';
import { fixedClock, SYSTEM_ACTOR } from '@portreeve/contract';
import { memoryAuditWriter } from '@portreeve/contract/testing';
import { ACCESS_TOKEN_TOKEN_TYPE, createAccessTokens, createIdentity, EXCHANGE_GRANT_TYPE } from '@portreeve/identity';
import { identityStoreContract } from '@portreeve/identity/testing';
import { expect, test } from 'vitest';
import { identityStore } from './identity.ts';
import { testDatabase } from './testing/database.ts';

identityStoreContract('PostgreSQL', async () => {
  const { database, close } = await testDatabase();
  return { store: identityStore(database), uow: database, close };
});

test('B4 B5: on PostgreSQL, an agent acts for its user until it is retired, with what else goes in one transaction', async () => {
  const { database, close } = await testDatabase();
  try {
    const clock = fixedClock('2026-11-02T09:00:00.000Z');
    const audit = memoryAuditWriter();
    const store = identityStore(database);
    const deps = { store, uow: database, audit, clock, environment: 'staging' as const };
    const { privateKey } = generateKeyPairSync('ed25519');
    const accessTokens = createAccessTokens({
      ...deps,
      issuer: 'urn:portreeve:staging',
      audience: 'urn:portreeve:staging:api',
      instance: 'api/1',
      keys: [{ kid: 'one', key: privateKey, environment: 'staging', not_after: '2027-01-01T00:00:00.000Z' }],
    });
    let fail = true;
    const identity = createIdentity({
      ...deps,
      accessTokens,
      // Stands for the grants and approvals that other stages revoke.
      agentHooks: {
        async changed(tx, { agent: id, to }) {
          if (to !== 'retired') return;
          await store.useOnce(tx, `retired:${id}`, '2027-01-01T00:00:00.000Z');
          if (fail) throw new Error('stop');
        },
        committed: async () => undefined,
      },
    });
    const password = 'correct horse battery';
    for (const name of ['mira', 'root-admin'])
      await identity.createAccount(
        { name, kind: 'person', password, roles: name === 'mira' ? ['requester'] : ['admin'] },
        SYSTEM_ACTOR,
      );
    const user = await identity.signIn({ name: 'mira', password });
    const root = await identity.authenticate((await identity.signIn({ name: 'root-admin', password })).token);
    const agent = await identity.registerAgent(
      {
        name: 'access-agent',
        owner: root.principal.id,
        purpose: 'prepares access changes',
        roles: ['requester'],
        tools: ['prepare_access_change'],
        data: { confidentiality: 'internal' },
        review_by: '2026-12-01T00:00:00.000Z',
      },
      SYSTEM_ACTOR,
    );
    await identity.changeAgent(agent.id, { event: 'activate', reason: 'reviewed' }, SYSTEM_ACTOR);
    const own = await identity.createToken(
      { account: agent.id, label: 'x', roles: ['requester'], ttl_minutes: 60 },
      root,
    );
    const answer = await identity.delegation!.exchangeToken({
      grant_type: EXCHANGE_GRANT_TYPE,
      subject_token: user.token,
      subject_token_type: ACCESS_TOKEN_TOKEN_TYPE,
      actor_token: own.token,
      actor_token_type: ACCESS_TOKEN_TOKEN_TYPE,
    });
    if (!answer.ok) throw new Error(answer.body.error);
    const isGood = (secret: string) =>
      identity.authenticate(secret).then(
        () => true,
        () => false,
      );
    const secrets = [own.token, answer.body.access_token];
    const retire = () => identity.changeAgent(agent.id, { event: 'retire', reason: 'done' }, SYSTEM_ACTOR);
    await expect(retire()).rejects.toThrow('stop');
    expect(await Promise.all(secrets.map(isGood))).toEqual([true, true]);
    fail = false;
    await retire();
    expect(await Promise.all(secrets.map(isGood))).toEqual([false, false]);
    expect(
      await database.transaction((tx) => store.useOnce(tx, `retired:${agent.id}`, '2027-01-01T00:00:00.000Z')),
    ).toBe(false);
    expect(await isGood(user.token)).toBe(true);
  } finally {
    await close();
  }
});

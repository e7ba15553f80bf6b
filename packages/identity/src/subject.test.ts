import { asId, newId, systemClock } from '@portreeve/contract';
import { expect, test } from 'vitest';
import type { Account } from './ports.ts';
import { Refused } from './refusal.ts';
import { createSubjects } from './subject.ts';

const account: Account = {
  id: newId('principal', systemClock),
  name: 'triage-agent',
  kind: 'agent',
  roles: ['requester', 'operator'],
  groups: ['leads'],
  password_hash: 'a hash',
  signing_key: null,
  external: null,
  created_at: '2026-11-20T10:00:00.000Z',
};
const asked: string[] = [];
const store = {
  accountById: async (id: string) => {
    asked.push(id);
    return id === account.id ? account : null;
  },
  accountByName: async (name: string) => {
    asked.push(name);
    return name === account.name ? account : null;
  },
} as unknown as Parameters<typeof createSubjects>[0]['store'];
const rights = { roles: ['requester'], groups: [], tools: ['look_up'] } as const;

test('C9: somebody by id or name, with the rights of this moment and no secret', async () => {
  const { subject } = createSubjects({ store, usable: async () => rights });
  const { id, name, kind } = account;
  const expected = { principal: { id, name, kind, roles: ['requester'], groups: [], act: [] }, tools: ['look_up'] };
  expect(await subject(id)).toEqual(expected);
  expect(await subject(name)).toEqual(expected);
});

test('C9 B5: nobody where there is no account, or it may not be used; another error is not hidden', async () => {
  const usable = async (found: Account | null) => {
    if (!found) throw new Error('asked for nobody');
    throw new Refused('account');
  };
  expect(await createSubjects({ store, usable }).subject(account.name)).toBeNull();
  const { subject } = createSubjects({ store, usable: async () => rights });
  expect(await subject(asId('principal', 'prn_unknown'))).toBeNull();
  asked.length = 0;
  expect(await subject("x' or 1=1 --")).toBeNull();
  expect(await subject('a'.repeat(300))).toBeNull();
  expect(asked).toEqual([]);
  const away = createSubjects({ store, usable: () => Promise.reject(new Error('the database is away')) });
  await expect(away.subject(account.name)).rejects.toThrow('away');
});

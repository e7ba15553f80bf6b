import {
  fixedClock,
  newId,
  type Principal,
  projectConfigSchema,
  systemClock,
  type WorkflowContract,
} from '@portreeve/contract';
import type { Shortfall } from '@portreeve/model';
import { expect, test } from 'vitest';
import { admission } from './admission.ts';

const contract = { name: 'refund', owners: { business: 'finance' } } as WorkflowContract;
const principal = (kind: Principal['kind']): Principal => ({
  ...{ id: newId('principal', systemClock), kind, name: 'x', roles: ['requester'], groups: [], act: [] },
});

function given(active: number, more: { ended?: number; short?: Shortfall } = {}) {
  const config = projectConfigSchema.parse({ workflows: ['x'], admission: { runs_active_max: 100 } });
  const runs = { active: async (most: number) => Math.min(active, most), endedSince: async () => more.ended ?? 0 };
  const budgets = { exhausted: async () => more.short ?? null };
  return admission({ config, runs, budgets, clock: fixedClock('2026-11-20T10:00:00Z') });
}

test('E5: a task that could only pile up is refused, with the seconds after which there is room', async () => {
  await given(99)(contract, principal('service'));
  await expect(given(100, { ended: 30 })(contract, principal('service'))).rejects.toMatchObject({
    ...{ code: 'busy', status: 429, extra: { retry_after_s: 2 } },
    next: 'Send it again after 2 s, with the same Idempotency-Key.',
  });
  await expect(given(100)(contract, principal('service'))).rejects.toMatchObject({ extra: { retry_after_s: 300 } });
});

test('E5: a person still finds room where services do not', async () => {
  await given(109)(contract, principal('person'));
  await expect(given(110)(contract, principal('person'))).rejects.toMatchObject({ code: 'busy' });
});

test('E5: a budget that is used up says which, how much, what to do, and when the next month begins', async () => {
  const short: Shortfall = {
    ...{ budget: 'owner:finance', month: '2026-11', unit: 'micros', limit: 5_000_000, used: 5_000_000 },
    ...{ reserved: 0, asked: 1 },
  };
  await expect(given(0, { short })(contract, principal('person'))).rejects.toMatchObject({
    code: 'budget_exhausted',
    status: 429,
    detail: 'The budget of owner finance for 2026-11 is used up: 5.00 of 5.00.',
    next: expect.stringContaining('Have finance raise the budget'),
    extra: { retry_after_s: (10 * 24 + 14) * 3600 },
  });
});

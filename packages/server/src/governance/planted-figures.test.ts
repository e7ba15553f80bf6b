import { expect, test } from 'vitest';
import { plantedFigures } from './planted-figures.ts';

/** A record in which so many tests of one team are told, in pages as the log gives them. */
function recordOf(count: number) {
  const all = Array.from({ length: count }, (_, index) => ({
    place: `${index}`,
    entry: { refs: {}, actor: { id: 'prn_1' } },
    payload: { data: { groups: ['leads'], approval: `appr_${index}`, state: index % 2 === 0 ? 'denied' : 'approved' } },
  }));
  const search = async ({ limit, after }: { limit: number; after?: string }) => {
    const from = Number(after ?? 0);
    const next = from + limit < count ? `${from + limit}` : null;
    return { records: all.slice(from, from + limit), next };
  };
  return { audit: { search } } as unknown as Parameters<typeof plantedFigures>[0];
}
const span = { since: '2026-11-01T00:00:00Z', until: '2026-11-21T00:00:00Z' };

test('H7: the catch rate is of all planted tests of the time, and says where it is not', async () => {
  const { planted, cut } = await plantedFigures(recordOf(1201), span, []);
  expect(planted).toMatchObject([{ team: 'leads', planted: 1201, caught: 601, missed: 600, caught_percent: 50 }]);
  expect(cut).toBe(false);
  expect(await plantedFigures(recordOf(10_001), span, [])).toMatchObject({ cut: true, planted: [{ planted: 10_000 }] });
});

import type { Clock, EnvironmentFacts } from '@portreeve/contract';
import type { Sample } from '../http/figures/counters.ts';
import type { Database } from '../store/database.ts';
import { houseState } from '../store/house-state.ts';
import type { TracePush } from './push-traces.ts';

/** What `/metrics` tells besides the counted records: how the house stands now, and what became of spans. */
export function houseSamples(options: {
  readonly database: Database;
  readonly clock: Clock;
  readonly environment: () => EnvironmentFacts;
  readonly spans: Pick<TracePush, 'counts'>;
}): () => Promise<readonly Sample[]> {
  const { database, clock, environment, spans } = options;
  return async () => {
    const { outages, freezes } = environment();
    const own = { labels: {}, workflow: null } as const;
    return [
      ...(await houseState(database, clock.now())),
      { metric: 'portreeve_endpoints_silent', value: outages.length, ...own },
      { metric: 'portreeve_freezes', value: freezes.length, ...own },
      ...Object.entries(spans.counts()).map(
        ([outcome, value]): Sample => ({ metric: 'portreeve_spans', value, labels: { outcome }, workflow: null }),
      ),
    ];
  };
}

import { type GrantUsed, openJournal, Problem, rememberGrants } from '@portreeve/example-downstream';
import type { GrantInfo, ReplayStore } from '@portreeve/verify';

export const SEVERITIES = ['none', 'low', 'medium', 'high', 'critical'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** Hosts that the business stands still without: they are taken off the network by people on the spot alone. */
const PROTECTED = new Set(['dc-01', 'dc-02']);
const HOSTS = new Set(['ws-114', 'ws-131', 'ws-140', 'ws-207', 'bk-02', ...PROTECTED]);

/** By whose right something was done: on whose behalf, and who agreed. */
interface By {
  readonly subject: string;
  readonly approvers: readonly string[];
}

type Line =
  | { readonly type: 'rated'; readonly key: string; readonly alert: string; readonly severity: Severity | null }
  | { readonly type: 'isolated' | 'released'; readonly key: string; readonly host: string; readonly by: By }
  | GrantUsed;

export interface Fleet {
  /** Remembers used grants, so that a restart forgets none. */
  readonly replay: ReplayStore;
  /** Rates an alert once for each key; `null` takes the rating off. */
  rate(alert: string, severity: Severity | null, key: string): Promise<void>;
  /** Takes a host off the network, or lets it on again, once for each key. */
  setIsolation(host: string, isolated: boolean, key: string, grant: GrantInfo): Promise<void>;
  severityOf(alert: string): Severity | null;
  isIsolated(host: string): boolean;
  close(): Promise<void>;
}

/** Opens `fleet.jsonl`, in which every change is on the disk before it is answered. */
export async function openFleet(folder: string): Promise<Fleet> {
  const { journal, lines } = await openJournal<Line>(folder, 'fleet.jsonl');
  const done = new Set<string>();
  const severities = new Map<string, Severity | null>();
  const isolated = new Set<string>();
  const remember = (line: Line): void => {
    if (line.type === 'grant_used') return;
    done.add(line.key);
    if (line.type === 'rated') severities.set(line.alert, line.severity);
    else if (line.type === 'isolated') isolated.add(line.host);
    else isolated.delete(line.host);
  };
  for (const line of lines) remember(line);
  const once = (line: Exclude<Line, GrantUsed>): Promise<void> =>
    journal.inTurn(async () => {
      if (done.has(line.key)) return;
      await journal.append(line);
      remember(line);
    });

  return {
    replay: rememberGrants(journal, lines),
    rate: (alert, severity, key) => once({ type: 'rated', key, alert, severity }),
    async setIsolation(host, wanted, key, { subject, approvers }) {
      if (!HOSTS.has(host)) throw new Problem(404, 'unknown_host', 'There is no such host.');
      if (PROTECTED.has(host))
        throw new Problem(409, 'protected', 'This host is isolated by people on the spot alone.');
      await once({ type: wanted ? 'isolated' : 'released', key, host, by: { subject, approvers } });
    },
    severityOf: (alert) => severities.get(alert) ?? null,
    isIsolated: (host) => isolated.has(host),
    close: () => journal.close(),
  };
}

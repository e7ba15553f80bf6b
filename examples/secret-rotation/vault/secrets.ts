import { randomBytes } from 'node:crypto';
import { type Journal, openJournal, Problem } from '@portreeve/example-downstream';

/** A service whose secret the vault keeps, and who uses it. */
interface Service {
  readonly service: string;
  /** How old its first secret is when the vault is made. */
  readonly age_days: number;
  /** `reloads`: it takes a new secret up by itself; the others stay with what they had. */
  readonly consumers: readonly { readonly consumer: string; readonly reloads: boolean }[];
}

const SERVICES: readonly Service[] = [
  {
    service: 'payments-db',
    age_days: 134,
    consumers: [
      { consumer: 'checkout', reloads: true },
      { consumer: 'invoicing', reloads: true },
    ],
  },
  {
    service: 'reporting-db',
    age_days: 210,
    consumers: [
      { consumer: 'dashboards', reloads: true },
      { consumer: 'nightly-export', reloads: false },
    ],
  },
  { service: 'search-index', age_days: 12, consumers: [{ consumer: 'storefront', reloads: true }] },
];

/** One line for each request at the admin API, and one for each change. A secret's value stands in neither. */
export type Line =
  | {
      readonly type: 'request';
      readonly at: string;
      readonly method: string;
      readonly path: string;
      /** Whether it came with the password. */
      readonly admin: boolean;
      /** What it carried of Portreeve: the vault does not know what that is, it writes down what it was sent. */
      readonly grant: string | null;
      readonly status: number;
    }
  | {
      readonly type: 'rotated';
      readonly at: string;
      readonly service: string;
      readonly key: string;
      readonly overlap_minutes: number;
    }
  | { readonly type: 'restored'; readonly at: string; readonly service: string; readonly key: string };

interface Kept {
  version: number;
  value: string;
  rotated_at: number;
  /** The one before, and until when it is still good. */
  previous: { version: number; value: string; until: number; rotated_at: number } | null;
  versionByConsumer: Map<string, number>;
}

export interface Rotated {
  readonly service: string;
  readonly version: number;
  readonly previous_valid_until: string;
}

export interface Vault {
  readonly journal: Journal<Line>;
  /** Makes a new secret; the one before stays good for a while. Repeated with the same key, it does nothing more. */
  rotate(service: string, overlap_minutes: number, key: string): Promise<Rotated>;
  /** Goes back to the secret before, while that is still good. */
  restore(service: string, key: string): Promise<{ service: string; version: number }>;
  /** The values themselves: what an administrator can always have. */
  reveal(service: string): { service: string; version: number; value: string };
  /** Whether its secret is older than so many days: nothing or one. */
  due(service: string, older_than_days: number): { service: string; version: number; age_days: number }[];
  /** Who still uses another secret than the newest one. */
  behind(service: string): { consumer: string; uses_version: number; newest_version: number }[];
}

const DAY_MS = 86_400_000;
const value = (): string => randomBytes(24).toString('base64url');

/** Opens the vault. Values are made anew at each start: who uses them asks for them. What was done stays in the journal. */
export async function openVault(folder: string, now: () => number = Date.now): Promise<Vault> {
  const { journal, lines } = await openJournal<Line>(folder, 'vault.jsonl');
  const begun = now();
  const kept = new Map(
    SERVICES.map(({ service, age_days, consumers }): [string, Kept] => [
      service,
      {
        ...{ version: 1, value: value(), rotated_at: begun - age_days * DAY_MS, previous: null },
        versionByConsumer: new Map(consumers.map(({ consumer }) => [consumer, 1])),
      },
    ]),
  );
  const answers = new Map<string, { service: string; version: number }>();
  for (const line of lines) if (line.type !== 'request') apply(line);

  const of = (service: string): Kept => {
    const found = kept.get(service);
    if (!found) throw new Problem(404, 'unknown_service', 'There is no such service.');
    return found;
  };

  function apply(line: Exclude<Line, { type: 'request' }>): void {
    const secret = of(line.service);
    const at = Date.parse(line.at);
    if (line.type === 'rotated') {
      const { version, value: before, rotated_at } = secret;
      secret.previous = { version, value: before, rotated_at, until: at + line.overlap_minutes * 60_000 };
      secret.version = version + 1;
      secret.value = value();
      secret.rotated_at = at;
      takeUp(line.service, secret);
    } else if (secret.previous) {
      // The one that is given up is never used again, so its version is not given out twice.
      secret.value = secret.previous.value;
      secret.rotated_at = secret.previous.rotated_at;
      for (const [consumer, version] of secret.versionByConsumer)
        if (version === secret.previous.version) secret.versionByConsumer.set(consumer, secret.version + 1);
      secret.version += 1;
      secret.previous = null;
      takeUp(line.service, secret);
    }
    answers.set(line.key, { service: line.service, version: secret.version });
  }

  function takeUp(name: string, secret: Kept): void {
    for (const { consumer, reloads } of SERVICES.find(({ service }) => service === name)?.consumers ?? [])
      if (reloads) secret.versionByConsumer.set(consumer, secret.version);
  }

  return {
    journal,
    rotate: (service, overlap_minutes, key) =>
      journal.inTurn(async () => {
        const secret = of(service);
        if (!answers.has(key)) {
          const line: Line = { type: 'rotated', at: new Date(now()).toISOString(), service, key, overlap_minutes };
          await journal.append(line);
          apply(line);
        }
        const until = secret.previous?.until ?? now();
        return { ...answers.get(key)!, previous_valid_until: new Date(until).toISOString() };
      }),
    restore: (service, key) =>
      journal.inTurn(async () => {
        const { previous } = of(service);
        if (!answers.has(key)) {
          if (!previous || previous.until <= now())
            throw new Problem(409, 'too_late', 'The secret before is not good any more.');
          const line: Line = { type: 'restored', at: new Date(now()).toISOString(), service, key };
          await journal.append(line);
          apply(line);
        }
        return answers.get(key)!;
      }),
    reveal: (service) => ({ service, version: of(service).version, value: of(service).value }),
    due(service, older_than_days) {
      const { version, rotated_at } = of(service);
      const age_days = Math.floor((now() - rotated_at) / DAY_MS);
      return age_days >= older_than_days ? [{ service, version, age_days }] : [];
    },
    behind(service) {
      const { version, versionByConsumer } = of(service);
      return [...versionByConsumer].flatMap(([consumer, uses]) =>
        uses === version ? [] : [{ consumer, uses_version: uses, newest_version: version }],
      );
    },
  };
}

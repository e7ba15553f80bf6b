import type { Hold } from '@portreeve/audit';
import type { HoldId } from '@portreeve/contract';
import { type Asked, type Cell, type Register, type Row, seesWorkflow, wholeRegister } from './register.ts';

/** Everything that is let through, or kept, otherwise than the rule: with its end where it has one. */
export const exceptions: Register = {
  title: 'Exceptions, with their ends',
  columns: {
    key: 'Kind and what it is about',
    kind: '`stand-in`, `maintenance`, `legal-hold`, `shadow-rule`, `rollback` or `setting`',
    what: 'What is otherwise than the rule',
    by: 'Who brought it about; empty where the configuration says so',
    reason: 'Why, in their words',
    from: 'Since when',
    until: 'Until when; empty: until somebody ends it',
    over: 'Whether that time is over',
    record: 'The record of it',
  },
  page: wholeRegister(async (asked) => {
    const everyones = [...maintenance(asked), ...shadowRules(asked), ...settings(asked)];
    // The others belong to no workflow: who reads by scope does not see them.
    if (asked.services.auditScope(asked.reader) !== null) return everyones;
    return [...everyones, ...(await standIns(asked)), ...(await legalHolds(asked)), ...(await rollbacks(asked))];
  }),
};

interface Said {
  readonly what: string;
  readonly by?: string | null;
  readonly reason?: string | null;
  readonly from?: string | null;
  readonly until?: string | null;
  readonly record?: Cell;
}

function row({ services }: Asked, kind: string, id: string, said: Said): Row {
  const { what, by = null, reason = null, from = null, until = null, record = null } = said;
  const over = until !== null && Date.parse(until) <= services.clock.now().getTime();
  return { ...{ key: `${kind} · ${id}`, kind, what, by, reason, from, until, over, record } };
}

/** Approvers who let another decide in their place, until a day. */
async function standIns(asked: Asked): Promise<Row[]> {
  const { services, span } = asked;
  const bounds = { since: span.from, until: span.to, limit: 500 };
  const begun = await services.audit.search({ type: 'approval.delegated', ...bounds });
  const ended = await services.audit.search({ type: 'approval.delegation_ended', ...bounds });
  const over = new Map(ended.records.map(({ entry, payload }) => [payload?.data.delegation, entry.time]));
  return begun.records.flatMap(({ place, entry, payload }) => {
    if (!payload) return [];
    const { delegation, delegate, groups, until, reason } = payload.data as Record<string, string> & {
      groups: string[];
    };
    const what = `${delegate} decides in the place of ${entry.actor.id}, for ${groups.join(', ')}`;
    const end = over.get(delegation!) ?? until!;
    return [
      row(asked, 'stand-in', delegation!, {
        ...{ what, by: entry.actor.id, reason: reason!, from: entry.time, until: end, record: place },
      }),
    ];
  });
}

function maintenance(asked: Asked): Row[] {
  return asked.services.environment
    .current()
    .filter(({ subject }) => subject.startsWith('maintenance:'))
    .map(({ subject, by, reason, at, from, until }) =>
      row(asked, 'maintenance', subject, {
        ...{ what: `Nothing is changed at ${subject.slice('maintenance:'.length)}`, by, reason },
        ...{ from: from ?? at, until },
      }),
    );
}

const HOLDS_AT_ONCE = 500;

async function legalHolds(asked: Asked): Promise<Row[]> {
  const holds: Hold[] = [];
  for (let after: HoldId | null = null; ; after = holds.at(-1)!.id) {
    const page = await asked.services.erasing.holds(false, { limit: HOLDS_AT_ONCE, after });
    holds.push(...page);
    if (page.length < HOLDS_AT_ONCE) break;
  }
  return holds.map((hold) =>
    row(asked, 'legal-hold', hold.id, {
      ...{ what: `Data of ${hold.kind} ${hold.target} is not erased`, by: hold.set_by, reason: hold.reason },
      from: hold.set_at,
    }),
  );
}

/** Rules that are only tried out: what they would refuse is let through. */
function shadowRules(asked: Asked): Row[] {
  const sees = seesWorkflow(asked);
  return asked.services.policy.rules
    .filter(({ mode, workflow }) => mode === 'shadow' && (workflow === null || sees(workflow)))
    .map(({ id, layer, effect, reason }) =>
      row(asked, 'shadow-rule', id, {
        what: `The rule ${id} (${effect}, ${layer}) is looked at and does not decide`,
        reason,
      }),
    );
}

/** Times a database went back behind what was seen outside, and somebody accepted that. */
async function rollbacks(asked: Asked): Promise<Row[]> {
  const { records } = await asked.services.audit.search({ type: 'audit.restored', limit: 100 });
  return records.flatMap(({ place, entry, payload }) => {
    const ahead = (payload?.data.ahead ?? []) as { readonly name: string }[];
    if (ahead.length === 0) return [];
    const what = `The log is shorter than ${ahead.map(({ name }) => name).join(', ')} have seen it`;
    return [row(asked, 'rollback', place, { what, by: entry.actor.id, from: entry.time, record: place })];
  });
}

/** Settings that are laxer than what holds where nothing is set. */
function settings(asked: Asked): Row[] {
  const { info, public_tiles } = asked.services;
  const lax = {
    'local-accounts':
      info.environment === 'production' && info.local_accounts && 'Local accounts may sign in in production',
    'public-tiles': public_tiles && 'Checkpoints and tiles of the log are read without signing in',
    'one-database-user': !info.database_roles && 'The database does not tell the roles apart',
    'simulated-model': info.endpoints.some(({ simulated }) => simulated) && 'A simulated model answers',
  };
  return Object.entries(lax).flatMap(([id, what]) => (what === false ? [] : [row(asked, 'setting', id, { what })]));
}

import type { Cell } from '../governance/registers/register.ts';
import { type Finding, fault, orWell, well } from './finding.ts';
import type { Reach } from './reach-systems.ts';

/** What a running house knows of itself, as far as faults are looked for in it. */
export interface HouseLook {
  readonly now: Date;
  readonly reach: readonly Reach[];
  /** Model endpoints that do not answer. */
  readonly outages: readonly string[];
  readonly logs: readonly { readonly name: string; readonly size: number; readonly signed: Date | null }[];
  readonly agents: readonly { readonly name: string; readonly state: string; readonly review_by: string }[];
  readonly holds: readonly {
    readonly subject: string;
    readonly state: string;
    readonly at: string;
    readonly reason: string;
  }[];
  /** Open work. */
  readonly handoffs: readonly { readonly id: string; readonly kind: string; readonly due_at: string }[];
  readonly environment: string;
  /** The rows of the register. */
  readonly exceptions: readonly { readonly kind: Cell; readonly what: Cell; readonly over: Cell }[];
  /** Null where this process executes itself. */
  readonly executors: { readonly alive: number } | null;
  /** Null where this process decides itself. */
  readonly gatekeepers: { readonly alive: number } | null;
  /** Null where this process carries runs itself. */
  readonly reasoners: { readonly alive: number } | null;
  /** How often the head of each log is to be signed. */
  readonly headEveryMs: number;
}

const DAY_MS = 86_400_000;
const CERTIFICATE_DAYS = 21;
const REVIEW_DAYS = 14;
/** A head that was not signed so many times in a row is late; a busy hour makes some seconds of a short interval. */
const SIGNED_TIMES = 10;
const SIGNED_MS_MIN = 300_000;
const FROZEN_MS_MAX = DAY_MS;

/** The findings of a look. Pure, so that each fault can be made and seen. */
export function judgeHouse(look: HouseLook): Finding[] {
  return [
    ...ofSystems(look),
    ...ofCertificates(look),
    ...ofModels(look),
    ...ofLogs(look),
    ...ofReviews(look),
    ...ofExceptions(look),
    ...ofHandoffs(look),
    ...ofUnknown(look),
    ...ofFrozen(look),
    ...(['executors', 'gatekeepers', 'reasoners'] as const).map((role) => ofRole(look, role)),
  ];
}

function ofSystems({ reach }: HouseLook): Finding[] {
  const faults = reach.flatMap(({ system, problem }) =>
    problem === null
      ? []
      : fault(
          'systems',
          `${system} cannot be reached: ${problem}.`,
          `See whether it runs, whether systems.${system}.url in portreeve.config.ts is right, and whether the network lets this server out.`,
        ),
  );
  return orWell('systems', faults, `${reach.length} answer`);
}

function ofCertificates({ reach, now }: HouseLook): Finding[] {
  const known = reach.filter(({ certificate_until }) => certificate_until !== null);
  const faults = known.flatMap(({ system, certificate_until }) => {
    const days = Math.floor((certificate_until!.getTime() - now.getTime()) / DAY_MS);
    if (days >= CERTIFICATE_DAYS) return [];
    return fault(
      'certificates',
      `The certificate of ${system} ends in ${days} days, on ${certificate_until!.toISOString()}.`,
      `Renew it at ${system}: nothing of Portreeve has to change.`,
    );
  });
  return orWell('certificates', faults, `${known.length} are good for ${CERTIFICATE_DAYS} days or more`);
}

function ofModels({ outages }: HouseLook): Finding[] {
  const faults = outages.map((name) =>
    fault(
      'models',
      `The model endpoint ${name} does not answer: its circuit is open.`,
      'See the vendor’s status and the secret of the endpoint; questions go the declared way meanwhile (docs/guides/limits-and-outages.md).',
    ),
  );
  return orWell('models', faults, 'every endpoint answers, as far as it was asked');
}

function ofLogs({ logs, now, headEveryMs }: HouseLook): Finding[] {
  const most = Math.max(SIGNED_TIMES * headEveryMs, SIGNED_MS_MIN);
  const late = logs.filter(({ signed }) => signed === null || now.getTime() - signed.getTime() > most);
  const faults = late.map(({ name, size, signed }) =>
    fault(
      'checkpoints',
      `The head of the log ${name} (${size} records) was ${signed ? `last signed ${signed.toISOString()}` : 'never signed'}.`,
      'See the log of the gatekeeper, and begin it anew where it says nothing; then: portreeve audit verify.',
    ),
  );
  return orWell('checkpoints', faults, `${logs.length} logs are signed`);
}

function ofReviews({ agents, now }: HouseLook): Finding[] {
  const due = agents.filter(
    ({ state, review_by }) =>
      (state === 'active' || state === 'suspended') && Date.parse(review_by) - now.getTime() < REVIEW_DAYS * DAY_MS,
  );
  const faults = due.map(({ name, review_by }) =>
    fault(
      'reviews',
      `The review of the agent ${name} is due by ${review_by}${Date.parse(review_by) <= now.getTime() ? ', and overdue: it is stopped' : ''}.`,
      `portreeve identity agents review ${name} --review-by DATE --reason TEXT; or retire it.`,
    ),
  );
  return orWell('reviews', faults, `none of ${agents.length} agents is due within ${REVIEW_DAYS} days`);
}

/** A stand-in that is over decides nothing any more; whatever else is over, and still there, somebody must end. */
function ofExceptions({ exceptions, environment }: HouseLook): Finding[] {
  const over = exceptions.filter((each) => each.over === true && each.kind !== 'stand-in');
  const lax = environment === 'production' ? exceptions.filter(({ kind }) => kind === 'setting') : [];
  const faults = [
    ...over.map(({ what }) =>
      fault(
        'exceptions',
        `An exception is over: ${what}.`,
        'End it where it was made; portreeve register exceptions shows it.',
      ),
    ),
    ...lax.map(({ what }) =>
      fault(
        'exceptions',
        `In production: ${what}.`,
        'Change it in portreeve.config.ts; portreeve register exceptions lists all.',
      ),
    ),
  ];
  return orWell('exceptions', faults, `${exceptions.length} are in the register, none over`);
}

function ofHandoffs({ handoffs, now }: HouseLook): Finding[] {
  const late = handoffs.filter(({ due_at }) => Date.parse(due_at) <= now.getTime());
  const faults = late
    .slice(0, 1)
    .map(({ id }) =>
      fault(
        'handoffs',
        `${late.length} of ${handoffs.length} hand-offs are overdue, such as ${id}.`,
        `portreeve queue list; portreeve queue take ${id}`,
      ),
    );
  return orWell('handoffs', faults, `${handoffs.length} are open, none overdue`);
}

function ofUnknown({ handoffs }: HouseLook): Finding[] {
  const lost = handoffs.filter(({ kind }) => kind === 'unknown_outcome');
  const faults = lost
    .slice(0, 1)
    .map(({ id }) =>
      fault(
        'unknown',
        `Of ${lost.length} actions nobody knows what became of them.`,
        `Look in the system downstream, then: portreeve queue show ${id}`,
      ),
    );
  return orWell('unknown', faults, 'none');
}

function ofFrozen({ holds, now }: HouseLook): Finding[] {
  const faults = holds
    .filter(({ subject, at }) => subject.startsWith('freeze:') && now.getTime() - Date.parse(at) > FROZEN_MS_MAX)
    .map(({ subject, at }) => {
      const target = subject.slice('freeze:'.length);
      return fault(
        'frozen',
        `${target} has been frozen since ${at}.`,
        `If that is not meant any more: portreeve thaw ${target} --reason TEXT`,
      );
    });
  return orWell('frozen', faults, 'nothing has been frozen for longer than a day');
}

/** What may run in processes of its own: what is said where it runs here, what stands still where none lives, and the way to one. */
const APART = {
  executors: {
    here: 'this process executes',
    none: 'No executor lives: nothing is carried out.',
    fix: 'Start one: portreeve serve --role=executor (docs/guides/executor-apart.md). Grants wait until they end.',
  },
  gatekeepers: {
    here: 'this process decides',
    none: 'No gatekeeper lives: nothing is decided, and the record gets no place.',
    fix: 'Start one: portreeve serve --role=gatekeeper (docs/guides/api-apart.md). What runs ask waits until then.',
  },
  reasoners: {
    here: 'this process carries runs',
    none: 'No reasoner lives: no run begins, and none goes on.',
    fix: 'Start one: portreeve serve --role=reasoner (docs/guides/reasoner-apart.md). Runs wait in the queue until then.',
  },
} as const;

function ofRole(look: HouseLook, role: keyof typeof APART): Finding {
  const { here, none, fix } = APART[role];
  const apart = look[role];
  if (apart === null) return well(role, here);
  return apart.alive > 0 ? well(role, `${apart.alive} live`) : fault(role, none, fix);
}

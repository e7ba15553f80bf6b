import {
  type Change,
  CONFIDENTIALITY,
  EFFECTS,
  IDENTIFIERS,
  INTEGRITY,
  type Json,
  type JsonObject,
  jsonDiff,
  RISK_TIERS,
} from '@portreeve/contract';
import type { ReleaseManifest } from '../manifest.ts';
import { type Area, looserInOrder, type ReleaseChange, said } from './change.ts';
import { schemaLoosens } from './schema-loosens.ts';

/** What a change at a place means; the first that matches counts, and none means that nothing is loosened. */
type Meaning = readonly [path: RegExp, loosens: (change: Change) => boolean];

const gone = (change: Change) => change.kind === 'removed';
const come = (change: Change) => change.kind === 'added';
const always = () => true;
const ordered =
  (order: readonly Json[]) =>
  (change: Change): boolean =>
    change.kind === 'changed' ? looserInOrder(order, change.before, change.after) : change.kind === 'added';

// What is called less secret than before goes further.
const lessSecret = (member: string, unsaid: (typeof CONFIDENTIALITY)[number]): readonly Meaning[] => [
  [
    new RegExp(`^/${member}$`),
    (change) => !come(change) || looserInOrder(CONFIDENTIALITY.toReversed(), unsaid, levelOf(change)),
  ],
  [new RegExp(`^/${member}/confidentiality$`), ordered(CONFIDENTIALITY.toReversed())],
  [new RegExp(`^/${member}/categories(/|$)`), (change) => !come(change)],
];
const levelOf = (change: Change): Json =>
  change.kind === 'removed' ? null : ((change.after as JsonObject).confidentiality ?? null);

const TOOL: readonly Meaning[] = [
  ...lessSecret('secrecy', 'internal'),
  [/^\/tier$/, ordered([4, 3, 2, 1])],
  [/^\/effect$/, ordered([...EFFECTS])],
  [/^\/args(\/|$)/, schemaLoosens],
  // What decides who, where and how much is watched more closely than other arguments.
  [/^\/sinks(\/|$)/, (change) => !come(change)],
  [/^\/clearance\/confidentiality$/, ordered([...CONFIDENTIALITY])],
  [/^\/clearance\/categories(\/|$)/, (change) => !gone(change)],
  [/^\/(destructive|egress)$/, (change) => change.kind === 'removed' || (change.kind === 'changed' && !change.after)],
  [/^\/returns$/, ordered(INTEGRITY.toReversed())],
  [/^\/undo(\/|$)/, (change) => !(change.kind === 'changed' && change.before === 'irreversible')],
  [/^\/idempotency$/, ordered(['key', 'none'])],
  [/^\/(dry_run|status)(\/|$)/, (change) => !come(change)],
  [/^\/profiles(\/|$)/, always],
  [/^\/(audience|binding)(\/|$)/, always],
];

const SOURCE: readonly Meaning[] = [
  [/^\/integrity$/, ordered(INTEGRITY.toReversed())],
  // Data that is called less secret than before goes further.
  [/^\/confidentiality$/, ordered(CONFIDENTIALITY.toReversed())],
  [/^\/categories(\/|$)/, (change) => !come(change)],
  [/^\/fields(\/|$)/, (change) => !gone(change)],
  [/^\/limits\//, (change) => change.kind !== 'changed' || Number(change.after) > Number(change.before)],
  [/^\/query(\/|$)/, schemaLoosens],
  [/^\/(holds|production)$/, always],
  [/^\/(life|binding|form)(\/|$)/, always],
];

const WORKFLOW: readonly Meaning[] = [
  ...lessSecret('input_secrecy', 'public'),
  [/^\/tier$/, ordered(RISK_TIERS.toReversed())],
  [/^\/scope\//, (change) => !gone(change)],
  [/^\/approvers(\/|$)/, (change) => !gone(change)],
  [
    /^\/approval_timeout_minutes$/,
    (change) => change.kind === 'changed' && Number(change.after) > Number(change.before),
  ],
  [/^\/history(\/|$)/, (change) => !come(change)],
  [/^\/input(\/|$)/, schemaLoosens],
  // Fewer people see it before everybody does.
  [/^\/rollout$/, gone],
  [/^\/rollout\//, always],
  [/^\/thresholds\/.*_max$/, (change) => change.kind !== 'changed' || Number(change.after) > Number(change.before)],
  [/^\/thresholds\/.*_min$/, (change) => change.kind !== 'changed' || Number(change.after) < Number(change.before)],
  [/^\/thresholds(\/|$)/, (change) => change.kind !== 'changed' || change.after !== true],
  [/^\/(subject|file_input)(\/|$)/, always],
  // To stop is the stricter of the two.
  [/^\/unreviewed_model$/, (change) => !come(change) && !(change.kind === 'changed' && change.after === 'suspend')],
  // Answers bind: without them nothing does, and what is mapped no more is met by nobody's word.
  [/^\/(boundaries|regulation)$/, gone],
  [/^\/boundaries\/(repositories|logs|kept\/models)(\/|$)/, (change) => !gone(change)],
  [/^\/boundaries\/production_logs$/, ordered([false, true])],
  [/^\/boundaries\/secrets$/, ordered(['redact', 'keep'])],
  [/^\/boundaries\/identifiers\//, ordered([...IDENTIFIERS])],
  [/^\/boundaries\/kept\/days$/, (change) => change.kind === 'changed' && Number(change.after) > Number(change.before)],
  [/^\/regulation\//, (change) => gone(change)],
];

const MODEL: readonly Meaning[] = [
  [/^\/(model|kind|where)$/, always],
  [/^\/clearance\/confidentiality$/, ordered([...CONFIDENTIALITY])],
  [/^\/clearance\/categories(\/|$)/, (change) => !gone(change)],
];

const PLANTED = /^the workflow: \/planted[/ ]/;

export function workflowChanges(before: ReleaseManifest, after: ReleaseManifest): ReleaseChange[] {
  const changes = meant('workflow', 'the workflow', WORKFLOW, jsonDiff(plain(before.contract), plain(after.contract)));
  const others = changes.filter(({ text }) => !PLANTED.test(text));
  if (others.length === changes.length) return changes;
  const overseen = changes
    .filter(({ text }) => PLANTED.test(text))
    .map((each) => ({ ...each, told_to: 'overseers' as const }));
  const told = { area: 'workflow', text: 'the workflow: its planted cases are changed', told_to: 'others' } as const;
  return [...others, ...overseen, { ...told, loosens: false, lines: [] }];
}

export function toolChanges(
  before: Pick<ReleaseManifest, 'tools'>,
  after: Pick<ReleaseManifest, 'tools'>,
): ReleaseChange[] {
  return named(
    'tools',
    'tool',
    TOOL,
    before.tools,
    after.tools,
    ({ tier, effect }) => `action tier ${tier}, ${effect}`,
  );
}

export function sourceChanges(
  before: Pick<ReleaseManifest, 'sources'>,
  after: Pick<ReleaseManifest, 'sources'>,
): ReleaseChange[] {
  return named('sources', 'source', SOURCE, before.sources, after.sources, ({ confidentiality, integrity, fields }) =>
    [confidentiality, integrity, `${fields.length} fields`].join(', '),
  );
}

export function modelChanges(
  before: Pick<ReleaseManifest, 'models'>,
  after: Pick<ReleaseManifest, 'models'>,
): ReleaseChange[] {
  const order = (models: ReleaseManifest['models']) => models.map(({ name }) => name).join(', ');
  const changes = named('models', 'model endpoint', MODEL, before.models, after.models, ({ model, where, clearance }) =>
    [model, where, `up to ${clearance.confidentiality}`].join(', '),
  );
  const [was, is] = [order(before.models), order(after.models)];
  // One that came or went is told above.
  if (
    was !== is &&
    before.models.length === after.models.length &&
    changes.every(({ text }) => !/ is (new|gone)/.test(text))
  )
    changes.push({
      area: 'models',
      text: `endpoints are tried in the order ${is}; it was ${was}`,
      loosens: true,
      lines: [],
    });
  return changes;
}

function named<T extends { readonly name: string }>(
  area: Area,
  what: string,
  meanings: readonly Meaning[],
  before: readonly T[],
  after: readonly T[],
  describe: (each: T) => string,
): ReleaseChange[] {
  const find = (all: readonly T[], name: string) => all.find((each) => each.name === name);
  const names = [...new Set([...before, ...after].map(({ name }) => name))].sort();
  return names.flatMap((name): ReleaseChange[] => {
    const [was, is] = [find(before, name), find(after, name)];
    if (is === undefined) return [{ area, text: `the ${what} ${name} is gone`, loosens: false, lines: [] }];
    if (was === undefined)
      return [{ area, text: `the ${what} ${name} is new (${describe(is)})`, loosens: true, lines: [] }];
    return meant(area, `the ${what} ${name}`, meanings, jsonDiff(plain(was), plain(is)));
  });
}

function meant(area: Area, what: string, meanings: readonly Meaning[], changes: readonly Change[]): ReleaseChange[] {
  return changes.map((change) => ({
    area,
    text: `${what}: ${said(change)}`,
    loosens: meanings.find(([path]) => path.test(change.path))?.[1](change) ?? false,
    lines: [],
  }));
}

const plain = (value: object): Json => JSON.parse(JSON.stringify(value)) as Json;

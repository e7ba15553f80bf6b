import type { CedarValueJson, EntityJson, Expr, PatternElem, PolicyJson } from '@cedar-policy/cedar-wasm/nodejs';
import fc from 'fast-check';
import type { CedarRequest } from '../facts.ts';

/**
 * A schema that has something of everything that the language knows: hierarchies, enumerations, optional attributes,
 * nested records, sets, tags and every extension type. Portreeve's own schema uses a part of it.
 */
export const RICH_SCHEMA = `
entity Color enum ["red", "green", "blue"];
entity Org in [Org];
entity Group in [Group, Org];
type Limits = { soft: Long, hard?: Long };
entity User in [Group] = {
  name: String, age: Long, nick?: String, boss?: User, color: Color, skills: Set<String>, limits: Limits,
  home: ipaddr, joined: datetime, quota: decimal, wait: duration
} tags Long;
entity Folder in [Folder];
entity Doc in [Folder] = { owner: User, level: Long, open: Bool, readers: Set<User>, labels: Set<Color> } tags Set<String>;
action any;
action look in [any];
action read in [look] appliesTo { principal: [User], resource: [Doc], context: {
  from: ipaddr, now: datetime, amount?: decimal, note: String, count: Long, flags: Set<Long>, via?: User,
  place: { zone: String, risk?: Long }
} };
action list in [look] appliesTo { principal: [User], resource: [Doc, Folder], context: { count: Long } };
action write in [any] appliesTo { principal: [User], resource: [Doc], context: { count: Long, via?: User } };
`;

const uid = (type: string, id: string) => ({ type, id });
const ref = (type: string, id: string): CedarValueJson => ({ __entity: uid(type, id) });
const extension = (fn: string, arg: string): CedarValueJson => ({ __extn: { fn, arg } });
const ids = (prefix: string, count: number) => Array.from({ length: count }, (_, index) => `${prefix}${index}`);

const USERS = ids('u', 4);
const GROUPS = ids('g', 4);
const FOLDERS = ids('f', 3);
const DOCS = ids('d', 3);
const COLORS = ['red', 'green', 'blue'];
const TEXTS = ['', 'a', 'b', 'ab', 'aab', 'a*b', 'é😀', 'name', '__proto__'];
const TAGS = ['x', 'y', 'constructor'];
export const IPS = [
  '10.0.0.1',
  '10.0.0.0/8',
  '10.0.0.1/24',
  '127.0.0.1',
  '127.0.0.1/8',
  '127.0.0.1/7',
  '224.0.0.1/4',
  '224.0.0.1/3',
  '0.0.0.0/0',
  '::1',
  '::1/127',
  'ff00::/8',
  'ff00::/7',
  'fe80::1/64',
  '::/0',
];
export const DATES = [
  '2024-02-29',
  '1969-12-31T23:59:59.999Z',
  '2024-02-29T00:00:00Z',
  '2024-03-01T01:30:00.5+0000',
  '2024-02-29T01:00:00+0100',
  '0000-01-01',
  '9999-12-31T23:59:59-2359',
];
export const DURATIONS = [
  '0ms',
  '1d',
  '-1d',
  '90m',
  '1h30m',
  '5s7ms',
  '-9223372036854775808ms',
  '106751991167d',
  '1s1m',
];
export const DECIMALS = ['0.0', '-0.0', '1.5', '1.5000', '-3.1415', '922337203685477.5807', '1.23456'];
const isMade = (text: string) => !['2024-03-01T01:30:00.5+0000', '1s1m', '1.23456'].includes(text);

const from = <T>(items: readonly T[]) => fc.constantFrom(...items);
const some = <T>(items: readonly T[]) => fc.subarray([...items]);
const longs = fc.oneof(
  { weight: 5, arbitrary: fc.integer({ min: -3, max: 5 }) },
  { weight: 1, arbitrary: from([2 ** 53 - 1, -(2 ** 53 - 1), 2 ** 31]) },
);

/** Mostly there, sometimes not. */
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 2 });
const compact = <T extends object>(record: T): T =>
  Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as T;
const userRef = from(USERS).map((id) => ref('User', id));
const made = (fn: string, texts: readonly string[]) => from(texts.filter(isMade)).map((text) => extension(fn, text));

const userAttrs = fc
  .record({
    name: from(TEXTS),
    age: longs,
    nick: optional(from(TEXTS)),
    boss: optional(userRef),
    color: from(COLORS).map((id) => ref('Color', id)),
    skills: some(TEXTS.slice(0, 4)),
    limits: fc.record({ soft: longs, hard: optional(longs) }).map(compact),
    home: made('ip', IPS),
    joined: made('datetime', DATES),
    quota: made('decimal', DECIMALS),
    wait: made('duration', DURATIONS),
  })
  .map(compact);

const docAttrs = fc.record({
  owner: userRef,
  level: longs,
  open: fc.boolean(),
  readers: some(USERS).map((names) => names.map((id) => ref('User', id))),
  labels: some(COLORS).map((names) => names.map((id) => ref('Color', id))),
});

const tagged = <T>(value: fc.Arbitrary<T>) => fc.dictionary(from(TAGS), value, { maxKeys: 2 });

type World = fc.Arbitrary<EntityJson[]>;
const entity = (
  type: string,
  id: string,
  parents: fc.Arbitrary<{ type: string; id: string }[]>,
  attrs: fc.Arbitrary<object> = fc.constant({}),
  tags: fc.Arbitrary<object> = fc.constant({}),
) => fc.record({ parents, attrs, tags }).map((made) => ({ uid: uid(type, id), ...made }) as unknown as EntityJson);

/** Entities with acyclic hierarchies; each may be missing, as in a request that tells too little. */
export const world: World = fc
  .tuple(
    ...USERS.map((id) =>
      entity(
        'User',
        id,
        some(GROUPS).map((names) => names.map((name) => uid('Group', name))),
        userAttrs,
        tagged(longs),
      ),
    ),
    // A group is in later ones only.
    ...GROUPS.map((id, index) =>
      entity('Group', id, some([...GROUPS.slice(index + 1).map((name) => uid('Group', name)), uid('Org', 'o0')])),
    ),
    ...DOCS.map((id) =>
      entity(
        'Doc',
        id,
        some(FOLDERS).map((names) => names.map((name) => uid('Folder', name))),
        docAttrs,
        tagged(some(TEXTS)),
      ),
    ),
    ...FOLDERS.map((id, index) =>
      entity('Folder', id, some(FOLDERS.slice(index + 1).map((name) => uid('Folder', name)))),
    ),
  )
  .chain((all) => fc.tuple(fc.constant(all), fc.array(fc.nat(all.length - 1), { maxLength: 2 }), fc.nat(3)))
  .map(([all, missing, often]) => (often > 0 ? all : all.filter((_, index) => !missing.includes(index))));

const place = fc.record({ zone: from(TEXTS), risk: optional(longs) }).map(compact);
const contexts = {
  read: fc
    .record({
      from: made('ip', IPS),
      now: made('datetime', DATES),
      amount: optional(made('decimal', DECIMALS)),
      note: from(TEXTS),
      count: longs,
      flags: fc.array(fc.integer({ min: -2, max: 12 }), { maxLength: 12 }),
      via: optional(userRef),
      place,
    })
    .map(compact),
  list: fc.record({ count: longs }),
  write: fc.record({ count: longs, via: optional(userRef) }).map(compact),
};

/** Requests over one world that fit {@link RICH_SCHEMA}. */
export function requestOver(entities: EntityJson[]): fc.Arbitrary<CedarRequest> {
  return from(['read', 'list', 'write'] as const).chain((action) =>
    fc
      .record({
        principal: from(USERS).map((id) => uid('User', id)),
        resource: from([
          ...DOCS.map((id) => uid('Doc', id)),
          ...(action === 'list' ? FOLDERS.map((id) => uid('Folder', id)) : []),
        ]),
        context: contexts[action] as fc.Arbitrary<Record<string, CedarValueJson>>,
      })
      .map((made) => ({ ...made, action: uid('Action', action), entities })),
  );
}

/** Actions as entities, for evaluators that do not know the schema. */
export const RICH_ACTIONS: EntityJson[] = [
  { uid: uid('Action', 'look'), attrs: {}, parents: [uid('Action', 'any')] },
  { uid: uid('Action', 'read'), attrs: {}, parents: [uid('Action', 'look')] },
  { uid: uid('Action', 'list'), attrs: {}, parents: [uid('Action', 'look')] },
  { uid: uid('Action', 'write'), attrs: {}, parents: [uid('Action', 'any')] },
];

type ExprOf = fc.Arbitrary<Expr>;
const value = (literal: CedarValueJson): Expr => ({ Value: literal });
const literals = (items: readonly CedarValueJson[]): ExprOf => from(items.map(value));
const variable = (name: 'principal' | 'action' | 'resource' | 'context'): Expr => ({ Var: name });
const attr = (left: Expr, name: string): Expr => ({ '.': { left, attr: name } });
const context = (...path: string[]) => path.reduce(attr, variable('context'));
const call = (name: string, ...args: Expr[]) => ({ [name]: args }) as unknown as Expr;
const binary = (operator: string, left: ExprOf, right: ExprOf): ExprOf =>
  fc.tuple(left, right).map(([a, b]) => ({ [operator]: { left: a, right: b } }) as unknown as Expr);
const unary = (operator: string, arg: ExprOf): ExprOf =>
  arg.map((a) => ({ [operator]: { arg: a } }) as unknown as Expr);
const construct = (fn: string, texts: readonly string[]): ExprOf => from(texts).map((text) => call(fn, value(text)));

const pattern: fc.Arbitrary<PatternElem[]> = fc.array(
  fc.oneof(
    fc.constant<PatternElem>('Wildcard'),
    from(['a', 'b', '*', 'é', '😀', 'ab']).map((Literal) => ({ Literal })),
  ),
  { maxLength: 4 },
);

/** Expressions by type, well typed but for attributes that may be missing; errors of every kind occur. */
const typed = fc.letrec<Record<string, Expr>>((tie) => {
  const deep = (leaf: ExprOf, ...inner: ExprOf[]) => fc.oneof({ maxDepth: 4, depthSize: 'small' }, leaf, ...inner);
  const choice = (type: string) =>
    fc
      .tuple(tie('bool'), tie(type), tie(type))
      // biome-ignore lint/suspicious/noThenProperty: the name is Cedar's
      .map(([condition, yes, no]): Expr => ({ 'if-then-else': { if: condition, then: yes, else: no } }));
  const ofUser = (name: string) => tie('user').map((user) => attr(user, name));
  const oneOf = (...made: ExprOf[]) => fc.oneof(...made);
  const sameType = (operator: string) =>
    oneOf(
      ...[
        'long',
        'string',
        'user',
        'color',
        'decimal',
        'ip',
        'datetime',
        'duration',
        'longs',
        'texts',
        'record',
        'bool',
      ].map((type) => binary(operator, tie(type), tie(type))),
      binary(operator, tie('user'), tie('group')),
    );
  const order = (type: string) =>
    oneOf(...['<', '<=', '>', '>='].map((operator) => binary(operator, tie(type), tie(type))));
  const method = (names: readonly string[], ...operands: ExprOf[]) =>
    fc.tuple(from(names), ...operands).map(([name, ...args]) => call(name, ...(args as Expr[])));
  const has = (left: ExprOf, names: readonly (string | string[])[]) =>
    fc.tuple(left, from(names)).map(([a, name]): Expr => ({ has: { left: a, attr: name as string } }));
  return {
    bool: deep(
      oneOf(literals([true, false]), fc.constant(attr(variable('resource'), 'open'))),
      binary('&&', tie('bool'), tie('bool')),
      binary('||', tie('bool'), tie('bool')),
      unary('!', tie('bool')),
      sameType('=='),
      sameType('!='),
      order('long'),
      oneOf(order('datetime'), order('duration')),
      oneOf(
        binary('contains', tie('longs'), tie('long')),
        binary('contains', tie('texts'), tie('string')),
        binary('contains', tie('users'), tie('user')),
        binary('contains', tie('colors'), tie('color')),
      ),
      oneOf(
        ...['containsAll', 'containsAny'].flatMap((operator) =>
          ['longs', 'texts', 'users', 'colors'].map((type) => binary(operator, tie(type), tie(type))),
        ),
      ),
      oneOf(...['longs', 'texts', 'users'].map((type) => unary('isEmpty', tie(type)))),
      oneOf(
        binary('in', tie('user'), tie('group')),
        binary('in', tie('user'), tie('groups')),
        binary('in', fc.constant(variable('resource')), tie('folder')),
        binary('in', tie('group'), tie('group')),
        binary('in', fc.constant(variable('action')), tie('action')),
      ),
      oneOf(
        fc
          .tuple(oneOf(tie('user'), fc.constant(variable('resource'))), from(['User', 'Doc', 'Folder', 'Nothing']))
          .map(([left, entity_type]): Expr => ({ is: { left, entity_type } })),
        fc.tuple(tie('user'), tie('group')).map(
          ([left, within]): Expr => ({
            is: { left, entity_type: 'User', in: within },
          }),
        ),
      ),
      oneOf(
        has(tie('user'), ['nick', 'boss', 'name', 'nothing', ['limits', 'hard'], ['boss', 'boss', 'nick']]),
        has(fc.constant(variable('context')), ['amount', 'via', ['place', 'risk'], ['via', 'nick'], '__proto__']),
        has(fc.constant(variable('resource')), ['owner', 'level', ['owner', 'nick']]),
      ),
      fc.tuple(tie('string'), pattern).map(([left, parts]): Expr => ({ like: { left, pattern: parts } })),
      oneOf(
        binary('hasTag', tie('user'), literals(TAGS)),
        binary('hasTag', fc.constant(variable('resource')), literals(TAGS)),
      ),
      method(['lessThan', 'lessThanOrEqual', 'greaterThan', 'greaterThanOrEqual'], tie('decimal'), tie('decimal')),
      method(['isIpv4', 'isIpv6', 'isLoopback', 'isMulticast'], tie('ip')),
      method(['isInRange'], tie('ip'), tie('ip')),
      choice('bool'),
    ),
    long: deep(
      oneOf(longs.map(value), fc.constant(context('count')), fc.constant(attr(variable('resource'), 'level'))),
      oneOf(...['+', '-', '*'].map((operator) => binary(operator, tie('long'), tie('long')))),
      unary('neg', tie('long')),
      oneOf(
        ofUser('age'),
        from(['soft', 'hard']).chain((name) => ofUser('limits').map((limits) => attr(limits, name))),
      ),
      fc.constant(context('place', 'risk')),
      binary('getTag', tie('user'), literals(TAGS)),
      method(['toMilliseconds', 'toSeconds', 'toMinutes', 'toHours', 'toDays'], tie('duration')),
      choice('long'),
    ),
    string: deep(
      oneOf(literals(TEXTS), fc.constant(context('note')), fc.constant(context('place', 'zone'))),
      oneOf(ofUser('name'), ofUser('nick')),
      choice('string'),
    ),
    user: deep(
      oneOf(
        fc.constant(variable('principal')),
        literals(USERS.map((id) => ref('User', id))),
        fc.constant(attr(variable('resource'), 'owner')),
      ),
      fc.constant(context('via')),
      ofUser('boss'),
      choice('user'),
    ),
    group: literals([...GROUPS.map((id) => ref('Group', id)), ref('Org', 'o0')]),
    groups: fc.array(tie('group'), { maxLength: 3 }).map((items): Expr => ({ Set: items })),
    folder: oneOf(literals(FOLDERS.map((id) => ref('Folder', id))), fc.constant(variable('resource'))),
    action: literals(['any', 'look', 'read', 'write', 'none'].map((id) => ref('Action', id))),
    color: oneOf(literals(COLORS.map((id) => ref('Color', id))), ofUser('color')),
    longs: oneOf(
      fc.array(tie('long'), { maxLength: 3 }).map((items): Expr => ({ Set: items })),
      fc.constant<Expr>({ Set: ids('', 12).map((id) => value(Number(id))) }),
      fc.constant(context('flags')),
    ),
    texts: oneOf(
      fc.array(tie('string'), { maxLength: 3 }).map((items): Expr => ({ Set: items })),
      ofUser('skills'),
      fc.tuple(fc.constant(variable('resource')), from(TAGS)).map(
        ([left, tag]): Expr => ({
          getTag: { left, right: value(tag) },
        }),
      ),
    ),
    users: oneOf(
      fc.array(tie('user'), { maxLength: 3 }).map((items): Expr => ({ Set: items })),
      fc.constant(attr(variable('resource'), 'readers')),
    ),
    colors: oneOf(
      fc.array(tie('color'), { maxLength: 3 }).map((items): Expr => ({ Set: items })),
      fc.constant(attr(variable('resource'), 'labels')),
    ),
    record: oneOf(
      ofUser('limits'),
      fc.tuple(tie('long'), tie('long')).map(([soft, hard]): Expr => ({ Record: { soft, hard } })),
    ),
    decimal: deep(construct('decimal', DECIMALS), ofUser('quota'), fc.constant(context('amount')), choice('decimal')),
    ip: deep(construct('ip', [...IPS, '1.2.3']), ofUser('home'), fc.constant(context('from')), choice('ip')),
    datetime: deep(
      construct('datetime', DATES),
      ofUser('joined'),
      fc.constant(context('now')),
      method(['offset'], tie('datetime'), tie('duration')),
      method(['toDate'], tie('datetime')),
    ),
    duration: deep(
      construct('duration', DURATIONS),
      ofUser('wait'),
      method(['durationSince'], tie('datetime'), tie('datetime')),
      method(['toTime'], tie('datetime')),
    ),
  };
});

/** Conditions of the form by which rules are found without being evaluated, and such as may come before them. */
const gates: ExprOf = fc.oneof(
  fc
    .tuple(longs, from(['==', '!=', '>']))
    .map(
      ([number, operator]) =>
        ({ [operator]: { left: attr(variable('resource'), 'level'), right: value(number) } }) as Expr,
    ),
  fc.tuple(longs, fc.boolean()).map(([number, turned]): Expr => {
    const [left, right] = turned ? [value(number), context('count')] : [context('count'), value(number)];
    return { '==': { left, right } };
  }),
  from(USERS).map(
    (id): Expr => ({ '==': { left: attr(variable('resource'), 'owner'), right: value(ref('User', id)) } }),
  ),
  from(USERS).map((id): Expr => ({ '==': { left: variable('principal'), right: value(ref('User', id)) } })),
  from(COLORS).map(
    (id): Expr => ({
      '==': { left: attr(attr(variable('resource'), 'owner'), 'color'), right: value(ref('Color', id)) },
    }),
  ),
  some(GROUPS).map(
    (names): Expr => ({
      in: { left: variable('principal'), right: { Set: names.map((id) => value(ref('Group', id))) } },
    }),
  ),
  some(COLORS).map(
    (names): Expr => ({
      contains: {
        left: { Set: names.map((id) => value(ref('Color', id))) },
        right: attr(variable('principal'), 'color'),
      },
    }),
  ),
  fc.tuple(longs, longs).map(
    ([a, b]): Expr => ({
      '||': {
        left: { '==': { left: context('count'), right: value(a) } },
        right: { '==': { left: context('count'), right: value(b) } },
      },
    }),
  ),
  from(TEXTS).map((text): Expr => ({ '==': { left: context('place', 'zone'), right: value(text) } })),
  longs.map(
    (number): Expr => ({ '>': { left: attr(attr(variable('resource'), 'owner'), 'age'), right: value(number) } }),
  ),
);

/** A rule's condition: anything, or parts in a row with gates among them. */
const condition: ExprOf = fc.oneof(
  typed.bool!,
  fc
    .array(fc.oneof({ weight: 2, arbitrary: gates }, { weight: 1, arbitrary: typed.bool! }), {
      minLength: 2,
      maxLength: 3,
    })
    .map((parts) => parts.reduce((left, right): Expr => ({ '&&': { left, right } }))),
);

const principalScope: fc.Arbitrary<PolicyJson['principal']> = fc.oneof(
  { weight: 4, arbitrary: fc.constant({ op: 'All' as const }) },
  { weight: 1, arbitrary: from(USERS).map((id) => ({ op: '==' as const, entity: uid('User', id) })) },
  { weight: 1, arbitrary: from(GROUPS).map((id) => ({ op: 'in' as const, entity: uid('Group', id) })) },
  { weight: 1, arbitrary: fc.constant({ op: 'is' as const, entity_type: 'User', in: { entity: uid('Org', 'o0') } }) },
);

const actionScope: fc.Arbitrary<PolicyJson['action']> = fc.oneof(
  fc.constant({ op: 'All' as const }),
  from(['read', 'write', 'list']).map((id) => ({ op: '==' as const, entity: uid('Action', id) })),
  from(['look', 'any', 'read']).map((id) => ({ op: 'in' as const, entity: uid('Action', id) })),
  some(['look', 'read', 'write']).map((names) => ({
    op: 'in' as const,
    entities: names.map((id) => uid('Action', id)),
  })),
);

const resourceScope: fc.Arbitrary<PolicyJson['resource']> = fc.oneof(
  { weight: 4, arbitrary: fc.constant({ op: 'All' as const }) },
  { weight: 1, arbitrary: from(DOCS).map((id) => ({ op: '==' as const, entity: uid('Doc', id) })) },
  { weight: 1, arbitrary: from(FOLDERS).map((id) => ({ op: 'in' as const, entity: uid('Folder', id) })) },
  { weight: 1, arbitrary: fc.constant({ op: 'is' as const, entity_type: 'Doc' }) },
);

/** One rule over {@link RICH_SCHEMA}, in the JSON form. */
const policy: fc.Arbitrary<PolicyJson> = fc
  .record({
    effect: from(['permit', 'forbid'] as const),
    principal: principalScope,
    action: actionScope,
    resource: resourceScope,
    conditions: fc.array(fc.record({ kind: from(['when', 'when', 'unless'] as const), body: condition }), {
      maxLength: 2,
    }),
  })
  .map((made) => made as PolicyJson);

/** A set of rules by id. */
export const policies: fc.Arbitrary<Record<string, PolicyJson>> = fc
  .array(policy, { minLength: 1, maxLength: 4 })
  .map((rules) => Object.fromEntries(rules.map((rule, index) => [`p${index}`, rule])));

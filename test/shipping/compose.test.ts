import { readdirSync, readFileSync, statSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { ROOT } from '../repository.ts';
import { cleanUp, start, temporaryFolder } from '../support/processes.ts';

const words = z.array(z.string());
const environment = z.record(z.string(), z.string());

/** The part of the Compose specification that the files use, closed: what is misspelt, or not thought of here, fails. */
const hardened = z.strictObject({
  restart: z.enum(['unless-stopped', 'no']),
  read_only: z.literal(true),
  cap_drop: z.tuple([z.literal('ALL')]),
  security_opt: z.tuple([z.literal('no-new-privileges:true')]),
  pids_limit: z.int().max(1024),
  mem_limit: z.string(),
  ulimits: z.strictObject({ core: z.literal(0) }),
  image: z.string().regex(/:\d+\.\d+(\.\d+)?(-[a-z]+)?$/, 'a version'),
  build: z.strictObject({ context: z.string(), dockerfile: z.string() }).optional(),
  user: z.string().regex(/^[1-9]\d*:[1-9]\d*$/),
  tmpfs: words,
  profiles: words.optional(),
  entrypoint: words.optional(),
  command: words.optional(),
  environment: environment.optional(),
  secrets: words,
  volumes: words.default([]),
  ports: z.array(z.string().regex(/^127\.0\.0\.1:/, 'on this machine alone')).optional(),
  networks: words.default([]),
  network_mode: z.literal('none').optional(),
  healthcheck: z
    .union([
      z.strictObject({ disable: z.literal(true) }),
      z.strictObject({ test: words, interval: z.string(), timeout: z.string(), retries: z.int() }),
    ])
    .optional(),
  depends_on: z
    .record(
      z.string(),
      z.strictObject({ condition: z.enum(['service_healthy', 'service_started', 'service_completed_successfully']) }),
    )
    .optional(),
});
const composeSchema = z.strictObject({
  name: z.string(),
  'x-hardened': z.unknown(),
  'x-portreeve': z.unknown(),
  services: z.record(z.string(), hardened),
  networks: z.record(z.string(), z.strictObject({ internal: z.literal(true).optional() })),
  volumes: z.record(z.string(), z.strictObject({})),
  secrets: z.record(z.string(), z.strictObject({ file: z.string() })),
});

const read = (file: string) =>
  composeSchema.parse(parse(readFileSync(join(ROOT, 'deploy/compose', file), 'utf8'), { merge: true }));

/** Each file, with what is in it: who runs on with which role, what is done once, who meets whom, and who reaches the world. */
const FILES = [
  {
    ...{ file: 'compose.yaml', ...read('compose.yaml') },
    roles: { server: 'api,gatekeeper', reasoner: 'reasoner', executor: 'executor' },
    once: [] as string[],
    meeting: ['database executor', 'database reasoner', 'database server', 'server witness'],
    outside: ['executor', 'reasoner', 'server'],
    listens: 'server',
  },
  {
    ...{ file: 'apart.yaml', ...read('apart.yaml') },
    roles: { gatekeeper: 'gatekeeper', api: 'api', reasoner: 'reasoner', executor: 'executor' },
    once: ['migrate', 'redaction-key'],
    meeting: [
      ...['api database', 'database executor', 'database gatekeeper', 'database migrate', 'database reasoner'],
      'gatekeeper witness',
    ],
    outside: ['api', 'executor', 'gatekeeper', 'reasoner'],
    listens: 'api',
  },
];
const [together, apart] = FILES as [(typeof FILES)[number], (typeof FILES)[number]];

afterAll(cleanUp);

test.each(FILES)(
  'J5: every container of $file is non-root, read-only, without capabilities, and of a version',
  (each) => {
    // The schema says so of each; here, that there are those that there should be.
    const { services, roles, once } = each;
    expect(Object.keys(services).sort()).toEqual(['database', 'witness', ...Object.keys(roles), ...once].sort());
    const begunAnew = Object.keys(services).filter((name) => services[name]?.restart === 'unless-stopped');
    expect(begunAnew.sort()).toEqual(['database', 'witness', ...Object.keys(roles)].sort());
  },
);

test.each(FILES)(
  'J5: every volume, network and secret that a service of $file names is declared, and none is left over',
  (each) => {
    const { services, once } = each;
    const used = (kind: 'secrets' | 'networks') => new Set(Object.values(services).flatMap((one) => one[kind]));
    const statesOf = (names: readonly string[]) =>
      names
        .flatMap((name) => services[name]?.volumes ?? [])
        .map((volume) => volume.split(':')[0] ?? '')
        .filter((name) => !name.startsWith('.'));
    expect([...used('secrets')].sort()).toEqual(Object.keys(each.secrets).sort());
    expect([...used('networks')].sort()).toEqual(Object.keys(each.networks).sort());
    expect([...new Set(statesOf(Object.keys(services)))].sort()).toEqual(Object.keys(each.volumes).sort());
    // One state folder, one process; what is done once has ended before.
    const states = statesOf(Object.keys(services).filter((name) => !once.includes(name)));
    expect(new Set(states).size).toBe(states.length);
    for (const [name, { depends_on = {} }] of Object.entries(services))
      for (const [other, { condition }] of Object.entries(depends_on)) {
        expect(services, name).toHaveProperty([other]);
        expect(condition === 'service_completed_successfully', `${name} and ${other}`).toBe(once.includes(other));
        if (condition === 'service_healthy') expect(services[other]?.healthcheck).not.toEqual({ disable: true });
      }
  },
);

test.each(FILES)(
  'F7 J5: the processes of $file share a network with the database and never with each other',
  (each) => {
    const { services, networks } = each;
    const networksOf = (service: string) => services[service]?.networks ?? [];
    const meet = (one: string, other: string) => networksOf(one).some((name) => networksOf(other).includes(name));
    const pairs = Object.keys(services).flatMap((one, index, all) => all.slice(index + 1).map((other) => [one, other]));
    const meeting = pairs.filter(([one = '', other = '']) => meet(one, other)).map((pair) => pair.sort().join(' '));
    expect(meeting.sort()).toEqual(each.meeting);
    const outside = (service: string) => networksOf(service).some((name) => !networks[name]?.internal);
    expect(Object.keys(services).filter(outside).sort()).toEqual(each.outside);
    // Where none is named, Compose would join a service to a network of all.
    for (const [name, { network_mode }] of Object.entries(services))
      expect(networksOf(name).length === 0, name).toBe(network_mode === 'none');
    expect(
      Object.entries(services)
        .filter(([, { ports }]) => ports)
        .map(([name]) => name),
    ).toEqual([each.listens]);
  },
);

test.each(FILES)('E9 J5: no secret stands in a variable or a command of $file', ({ services }) => {
  for (const { environment: variables = {}, command = [] } of Object.values(services)) {
    const values = [...Object.values(variables), ...command];
    expect(values.filter((value) => /:[^/@]+@/.test(value))).toEqual([]);
    // Public keys and paths of files are no secrets.
    const named = Object.keys(variables).filter((name) => /PASSWORD|TOKEN|SECRET|API_KEY/.test(name));
    expect(named.filter((name) => !name.endsWith('_FILE'))).toEqual([]);
  }
});

test.each(FILES)('J5: the roles of $file are those that the command has', ({ services, roles }) => {
  const found = Object.keys(roles).map((name) => {
    const command = services[name]?.command ?? [];
    return [name, command[command.indexOf('--role') + 1]];
  });
  expect(Object.fromEntries(found)).toEqual(roles);
});

test('J2 J5: apart, each process has a database user of its own, and the owner of the tables runs none', () => {
  const userOf = (name: string) => new URL(apart.services[name]?.environment?.DATABASE_URL ?? '').username;
  expect(Object.keys(apart.roles).map(userOf)).toEqual(Object.keys(apart.roles));
  expect(userOf('migrate')).toBe('portreeve');
  const knowing = (secret: string) =>
    Object.keys(apart.services).filter((name) => apart.services[name]?.secrets.includes(secret));
  for (const role of Object.keys(apart.roles)) expect(knowing(`${role}_pgpass`)).toEqual([role]);
  expect([knowing('owner_pgpass'), knowing('redaction.key')]).toEqual([['migrate'], ['redaction-key']]);
  // Who signs has the root key in its state folder.
  expect(knowing('root_keys')).toEqual(['api', 'reasoner', 'executor']);
});

test('J5: what both files have is the same in both, but for whom it waits for and meets', () => {
  const alike = ({ services }: (typeof FILES)[number], name: string) => {
    const { depends_on: _, networks: __, command, ...rest } = services[name]!;
    return name === 'database' ? rest : { ...rest, command };
  };
  for (const name of ['database', 'reasoner', 'executor', 'witness'])
    expect(alike(apart, name), name).toEqual(alike(together, name));
});

test('J5: the database of apart.yaml has connections for each process', () => {
  const [, setting = ''] = apart.services.database?.command ?? [];
  expect(Number(setting.replace('max_connections=', ''))).toBeGreaterThanOrEqual(
    50 * Object.keys(apart.roles).length + 10,
  );
});

test('J5: files of a mounted secret are taken into a folder that their owner alone looks into, there before or not', async () => {
  const folder = await temporaryFolder();
  const [from, to] = [join(folder, 'from'), join(folder, 'state/keys')];
  await mkdir(join(from, '..data'), { recursive: true });
  await writeFile(join(from, 'redaction.key'), 'a key', { mode: 0o444 });
  for (const _ of [1, 2])
    expect(await start(process.execPath, [join(ROOT, 'deploy/take-files.mjs'), from, to]).ended).toMatchObject({
      ...{ code: 0, err: '' },
    });
  expect(readdirSync(to)).toEqual(['redaction.key']);
  expect([statSync(to), statSync(join(to, 'redaction.key'))].map(({ mode }) => mode & 0o777)).toEqual([0o700, 0o600]);
});

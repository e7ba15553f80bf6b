import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { ROOT } from '../repository.ts';

const words = z.array(z.string());
const environment = z.record(z.string(), z.string());

/** The part of the Compose specification that the file uses, closed: what is misspelt, or not thought of here, fails. */
const hardened = z.strictObject({
  restart: z.literal('unless-stopped'),
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
  volumes: words,
  ports: z.array(z.string().regex(/^127\.0\.0\.1:/, 'on this machine alone')).optional(),
  networks: words,
  healthcheck: z
    .union([
      z.strictObject({ disable: z.literal(true) }),
      z.strictObject({ test: words, interval: z.string(), timeout: z.string(), retries: z.int() }),
    ])
    .optional(),
  depends_on: z.record(z.string(), z.strictObject({ condition: z.literal('service_healthy') })).optional(),
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

const text = readFileSync(join(ROOT, 'deploy/compose/compose.yaml'), 'utf8');
const compose = composeSchema.parse(parse(text, { merge: true }));
const { services } = compose;
const networksOf = (service: string) => services[service]?.networks ?? [];
const meet = (one: string, other: string) => networksOf(one).some((each) => networksOf(other).includes(each));

test('J5: every container is non-root, read-only, without capabilities, and of a version', () => {
  // The schema says so of each; here, that there are those that there should be.
  expect(Object.keys(services).sort()).toEqual(['database', 'executor', 'reasoner', 'server', 'witness']);
});

test('J5: every volume, network and secret that a service names is declared, and none is left over', () => {
  const used = (kind: 'secrets' | 'networks') => new Set(Object.values(services).flatMap((each) => each[kind]));
  const mounted = new Set(
    Object.values(services)
      .flatMap((each) => each.volumes)
      .map((volume) => volume.split(':')[0] ?? '')
      .filter((name) => !name.startsWith('.')),
  );
  expect([...used('secrets')].sort()).toEqual(Object.keys(compose.secrets).sort());
  expect([...used('networks')].sort()).toEqual(Object.keys(compose.networks).sort());
  expect([...mounted].sort()).toEqual(Object.keys(compose.volumes).sort());
  // One state folder, one process.
  const states = Object.values(services).flatMap((each) => each.volumes.filter((volume) => !volume.startsWith('.')));
  expect(new Set(states.map((volume) => volume.split(':')[0])).size).toBe(states.length);
});

test('F7 J5: server, reasoner and executor share a network with the database and never with each other', () => {
  const pairs = Object.keys(services).flatMap((one, index, all) => all.slice(index + 1).map((other) => [one, other]));
  const meeting = pairs.filter(([one = '', other = '']) => meet(one, other)).map((pair) => pair.sort().join(' '));
  expect(meeting.sort()).toEqual(['database executor', 'database reasoner', 'database server', 'server witness']);
  const outside = (service: string) => networksOf(service).some((each) => !compose.networks[each]?.internal);
  expect(Object.keys(services).filter(outside).sort()).toEqual(['executor', 'reasoner', 'server']);
  expect(
    Object.entries(services)
      .filter(([, each]) => each.ports)
      .map(([name]) => name),
  ).toEqual(['server']);
});

test('E9 J5: no secret stands in a variable or a command', () => {
  for (const { environment: variables = {}, command = [] } of Object.values(services)) {
    const values = [...Object.values(variables), ...command];
    expect(values.filter((value) => /:[^/@]+@/.test(value))).toEqual([]);
    // Public keys and paths of files are no secrets.
    const named = Object.keys(variables).filter((name) => /PASSWORD|TOKEN|SECRET|API_KEY/.test(name));
    expect(named.filter((name) => !name.endsWith('_FILE'))).toEqual([]);
  }
});

test('J5: the roles are those that the command has', () => {
  const roles = ['server', 'reasoner', 'executor'].map((name) => {
    const command = services[name]?.command ?? [];
    return command[command.indexOf('--role') + 1];
  });
  expect(roles).toEqual(['api,gatekeeper', 'reasoner', 'executor']);
});

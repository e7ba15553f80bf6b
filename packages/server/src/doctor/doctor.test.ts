import { chmod, mkdtemp, rm, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { draft, newId, SYSTEM_ACTOR, systemClock } from '@portreeve/contract';
import { createEgress } from '@portreeve/execute';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { egressRules } from '../config/egress.ts';
import { loadKeys } from '../config/keys.ts';
import { plainKeystore } from '../config/secrets.ts';
import { takeStateFolder } from '../config/state-folder.ts';
import { Database } from '../store/database.ts';
import { migrate } from '../store/migrate.ts';
import { testDatabase } from '../store/testing/database.ts';
import { PROJECT, type TestServer, testServer } from '../testing/server.ts';
import { caseNoteProject, soundProject, temporaryProject } from '../testing/temporary-project.ts';
import { diagnoseAt } from './diagnose-at.ts';
import { CHECKS, type CheckName, type Finding } from './finding.ts';
import { diagnoseDatabase } from './in-database.ts';
import { type HouseLook, judgeHouse } from './judge-house.ts';
import { diagnoseMachine, type MachineLook } from './on-this-machine.ts';
import { reachSystems } from './reach-systems.ts';

const found = new Set<CheckName>();
/** The one fault of a check, which says what it is and what mends it. */
function faultIn(findings: readonly Finding[], check: CheckName): Finding {
  const faults = findings.filter((each) => each.check === check && !each.ok);
  expect(faults, JSON.stringify(findings, null, 1)).toHaveLength(1);
  expect(faults[0]!.detail).toMatch(/\w{3}/);
  expect(faults[0]!.fix).toMatch(/\w{3}/);
  found.add(check);
  return faults[0]!;
}
const faultsOf = (findings: readonly Finding[]) => findings.filter(({ ok }) => !ok);

describe('J4: what is wrong on this machine', () => {
  let folder: string;
  let state: string;
  const look = (over: Partial<MachineLook> = {}) =>
    diagnoseMachine({ project: null, stateFolder: state, node: '24.11.0', env: {}, ...over });
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'portreeve-doctor-'));
    state = join(folder, 'state');
    await (await takeStateFolder(state)).release();
    await loadKeys(state);
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  test('J4: a machine that is well has no fault', async () => {
    expect(faultsOf(await look({ project: PROJECT }))).toEqual([]);
    expect(faultsOf(await look({ stateFolder: null }))).toEqual([]);
  });

  test('J4: a Node that is too old', async () => {
    expect(faultIn(await look({ node: '22.18.0' }), 'node-version').fix).toContain('Node 24');
    expect(faultsOf(await look({ node: '22.19.0' }))).toEqual([]);
  });

  test('J4: a project that is not there, and one whose configuration is none, by field', async () => {
    expect(faultIn(await look({ project: join(folder, 'none') }), 'project').fix).toContain('--project');
    await writeFile(join(folder, 'portreeve.config.ts'), 'export default { workflows: 7 };\n');
    expect(faultIn(await look({ project: folder }), 'project').detail).toContain('workflows');
  });

  test('J4: a policy file with an error, by file and line', async () => {
    const broken = 'permit (principal, action, resource) when { context.nothing };\n';
    const project = await temporaryProject({ ...soundProject(), 'workflows/one/policies/broken.cedar': broken });
    expect(faultIn(await look({ project }), 'policies').detail).toContain('broken.cedar');
    await rm(project, { recursive: true, force: true });
  });

  test('E9 J4: a credential in an environment variable, outside development', async () => {
    const fault = faultIn(await look({ project: PROJECT, env: { OPENAI_API_KEY: 'sk-canary' } }), 'plain-credentials');
    expect(fault.fix).toContain('portreeve secrets set');
    expect(JSON.stringify(fault)).not.toContain('canary');
  });

  test('J4: a state folder that is not there, or that others may look into', async () => {
    expect(faultIn(await look({ stateFolder: join(folder, 'none') }), 'state-folder').fix).toContain('portreeve up');
    await chmod(state, 0o755);
    expect(faultIn(await look(), 'state-folder').fix).toBe(`chmod 700 ${state}`);
  });

  test('J4: a state folder whose process is gone; one that lives is no fault', async () => {
    const holder = { pid: 2 ** 22 - 3, started: 'never', url: null };
    await writeFile(join(state, 'holder.json'), JSON.stringify(holder));
    expect(faultIn(await look(), 'holder').fix).toContain('portreeve up');
    const held = await takeStateFolder(state);
    expect(faultsOf(await look())).toEqual([]);
    await held.release();
  });

  test('J4: a key that is gone, and one that others may read', async () => {
    await unlink(join(state, 'keys/redaction.key'));
    expect(faultIn(await look(), 'keys-missing').fix).toContain('redaction.key');
    await chmod(join(state, 'keys/log.pem'), 0o644);
    expect(faultIn(await look(), 'key-files').fix).toContain(`chmod 600 ${join(state, 'keys/log.pem')}`);
    await chmod(join(state, 'keys/log.pem'), 0o200);
    expect(faultIn(await look(), 'key-files').detail).toContain('cannot be read');
  });

  test('J4: a disk that is nearly full', async () => {
    expect(faultIn(await look({ freeBytes: async () => 100 * 1024 ** 2 }), 'disk').detail).toContain('100 MiB');
    expect(faultsOf(await look({ freeBytes: async () => Promise.reject(new Error('no such call')) }))).toEqual([]);
  });

  test('B1: a production where nobody can sign in: no provider, and no local accounts', async () => {
    const looked = async (identity: object, environment = 'production') => {
      const project = await caseNoteProject({ credential: 'case-token', config: { environment, identity } });
      const found = await look({ project });
      await rm(project, { recursive: true, force: true });
      return found;
    };
    const said = (findings: readonly Finding[]) => findings.find(({ check }) => check === 'sign-in');
    expect(faultIn(await looked({}), 'sign-in').fix).toContain("local_accounts: 'allow'");
    const corp = {
      ...{ name: 'corp', issuer: 'https://id.example', client_id: 'portreeve' },
      role_rules: [{ claim: 'groups', value: 'ops', roles: ['operator'] }],
    };
    const provided = { base_url: 'https://portreeve.example', oidc: [corp] };
    expect(said(await looked(provided))).toMatchObject({ ok: true, detail: 'by corp' });
    expect(said(await looked({ local_accounts: 'allow' }))).toMatchObject({ ok: true, detail: 'with local accounts' });
    expect(said(await looked({}, 'staging'))).toMatchObject({ ok: true, detail: 'with local accounts' });
  });

  test('J4: core dumps that a crash would write, in production', async () => {
    const project = await caseNoteProject({ credential: 'case-token', config: { environment: 'production' } });
    const limits = (soft: string) => async () =>
      `Limit  Soft Limit  Hard Limit\nMax core file size  ${soft}  unlimited  bytes\n`;
    const asked: number[] = [];
    const seen = async (pid: number) => {
      asked.push(pid);
      return limits('unlimited')();
    };
    const on = await look({ project, limitsOf: seen });
    expect(faultIn(on, 'core-dumps').fix).toContain('LimitCORE=0');
    expect(asked).toEqual([process.pid]);
    const off = await look({ project, limitsOf: limits('0') });
    expect(off).toContainEqual({ check: 'core-dumps', ok: true, detail: `off in process ${process.pid}`, fix: null });
    await rm(project, { recursive: true, force: true });
  });

  test('J4 E9: a secret that the configuration names and the store has not, by name alone', async () => {
    const endpoint = (name: string) => ({
      ...{ kind: 'openai-compatible', name, model: 'm', where: 'inside', secret: `${name}-key` },
      ...{ base_url: 'https://models.example.org/v1', clearance: { confidentiality: 'public', categories: [] } },
    });
    const config = { models: [endpoint('one'), endpoint('other')] };
    const project = await caseNoteProject({ credential: 'case-token', config });
    expect(faultIn(await look({ project }), 'secrets').fix).toBe('portreeve secrets set case-token');
    await plainKeystore(state, 'test').set('case-token', 'canary');
    // No model has a key: a simulated one answers, and that is no fault outside production.
    expect(faultsOf(await look({ project }))).toEqual([]);
    await plainKeystore(state, 'test').set('one-key', 'canary');
    expect(faultIn(await look({ project }), 'secrets').fix).toBe('portreeve secrets set other-key');
    await rm(project, { recursive: true, force: true });
  });
});

describe('J4: what is wrong in the database', () => {
  const closing: (() => Promise<unknown>)[] = [];
  afterAll(async () => {
    for (const close of closing.reverse()) await close();
  });
  async function database() {
    const { url, close } = await testDatabase();
    const opened = new Database(url);
    closing.push(close, () => opened.close());
    await migrate(opened.pool);
    return { url, pool: opened.pool };
  }
  const now = () => new Date();

  test('J4: one that is well has no fault, also asked without a server', async () => {
    const { url, pool } = await database();
    expect(faultsOf(await diagnoseDatabase(pool, now))).toEqual([]);
    expect(faultsOf(await diagnoseAt(url))).toEqual([]);
  });

  test('J4: one that does not answer is the one fault', async () => {
    const findings = await diagnoseAt('postgres://nobody@127.0.0.1:9/none');
    expect(findings).toHaveLength(1);
    expect(faultIn(findings, 'database').fix).toContain('DATABASE_URL');
  });

  test('J4: a PostgreSQL that is too old', async () => {
    const { pool } = await database();
    const old = (text: string, values?: unknown[]) =>
      text.includes('server_version_num') ? { rows: [{ version: '140011' }] } : pool.query(text, values as never);
    expect(faultIn(await diagnoseDatabase({ query: old } as never, now), 'database-version').detail).toContain('14');
  });

  test('J4: a clock that is not that of the database, either way', async () => {
    const { pool } = await database();
    const skewed = (ms: number) => diagnoseDatabase(pool, () => new Date(Date.now() + ms));
    expect(faultIn(await skewed(10_000), 'clock').detail).toContain('before');
    expect(faultIn(await skewed(-10_000), 'clock').detail).toContain('behind');
    expect(faultsOf(await skewed(1000))).toEqual([]);
  });

  test('J2 J4: connections that are nearly all taken', async () => {
    const { pool } = await database();
    const full = (text: string, values?: unknown[]) =>
      text.includes('pg_stat_activity') ? { rows: [{ taken: 90, given: 97 }] } : pool.query(text, values as never);
    const found = faultIn(await diagnoseDatabase({ query: full } as never, now), 'connections');
    expect(found.detail).toContain('90 of the 97');
    expect(found.fix).toContain('max_connections');
  });

  test('J4: a schema that another version made', async () => {
    const { pool } = await database();
    await pool.query("UPDATE schema_migrations SET checksum = 'other' WHERE number = 2");
    expect(faultIn(await diagnoseDatabase(pool, now), 'schema').fix).toContain('gatekeeper');
  });

  test('F7 J4: a right that was given or taken by hand', async () => {
    const { pool } = await database();
    await pool.query('GRANT DELETE ON audit_records TO portreeve_api');
    expect(faultIn(await diagnoseDatabase(pool, now), 'role-rights').detail).toContain('DELETE on audit_records');
  });

  test('G3 J4: records that nobody gives their place', async () => {
    const { pool } = await database();
    const entry = JSON.stringify({ time: new Date(Date.now() - 60_000).toISOString() });
    await pool.query("INSERT INTO audit_pending (log, entry, payload) VALUES ('main', $1, 'x')", [entry]);
    expect(faultIn(await diagnoseDatabase(pool, now), 'unplaced').detail).toMatch(/^1 records .* 6\d s/);
  });

  test('J4: runs that nobody begins', async () => {
    const { pool } = await database();
    await pool.query(
      "INSERT INTO runs (id, workflow, release, requester, state, body, asked, attachments, created_at) VALUES ($1, 'w', $2, 'prn_1', 'queued', '{}', '{}', '[]', now() - interval '10 minutes')",
      [newId('run', systemClock), `sha256:${'0'.repeat(64)}`],
    );
    expect(faultIn(await diagnoseDatabase(pool, now), 'run-queue').detail).toContain('10 min');
  });
});

describe('J4: what is wrong in the house', () => {
  const now = new Date('2026-11-20T12:00:00.000Z');
  const at = (days: number) => new Date(now.getTime() + days * 86_400_000);
  const sound: HouseLook = {
    ...{
      now,
      environment: 'production',
      outages: [],
      holds: [],
      handoffs: [],
      exceptions: [],
      executors: { alive: 1 },
      gatekeepers: null,
      reasoners: null,
      headEveryMs: 60_000,
    },
    reach: [{ system: 'desk', problem: null, certificate_until: at(60) }],
    logs: [{ name: 'main', size: 7, signed: now }],
    agents: [{ name: 'bot', state: 'active', review_by: at(90).toISOString() }],
  };
  const judge = (over: Partial<HouseLook>) => judgeHouse({ ...sound, ...over });
  const work = { id: 'hand_1', kind: 'review', due_at: at(1).toISOString() };

  test('J4: a house that is well has no fault', () => {
    expect(faultsOf(judge({}))).toEqual([]);
    expect(faultsOf(judge({ executors: null, handoffs: [work] }))).toEqual([]);
  });

  const faults: readonly (readonly [CheckName, Partial<HouseLook>, RegExp])[] = [
    [
      'systems',
      { reach: [{ system: 'desk', problem: 'ECONNREFUSED', certificate_until: null }] },
      /systems\.desk\.url/,
    ],
    ['certificates', { reach: [{ system: 'desk', problem: null, certificate_until: at(5) }] }, /Renew it at desk/],
    ['models', { outages: ['main'] }, /vendor/],
    ['checkpoints', { logs: [{ name: 'main', size: 7, signed: at(-2) }] }, /audit verify/],
    ['checkpoints', { logs: [{ name: 'main', size: 7, signed: null }] }, /log of the gatekeeper/],
    ['reviews', { agents: [{ name: 'bot', state: 'active', review_by: at(3).toISOString() }] }, /agents review bot/],
    ['reviews', { agents: [{ name: 'bot', state: 'suspended', review_by: at(-3).toISOString() }] }, /review bot/],
    ['exceptions', { exceptions: [{ kind: 'acceptable-use', what: 'one', over: true }] }, /register exceptions/],
    ['exceptions', { exceptions: [{ kind: 'setting', what: 'Local accounts', over: false }] }, /portreeve\.config\.ts/],
    ['handoffs', { handoffs: [{ ...work, due_at: at(-1).toISOString() }] }, /queue take hand_1/],
    ['unknown', { handoffs: [{ ...work, kind: 'unknown_outcome' }] }, /queue show hand_1/],
    [
      'frozen',
      { holds: [{ subject: 'freeze:all', state: 'everything', at: at(-2).toISOString(), reason: '' }] },
      /thaw all/,
    ],
    ['executors', { executors: { alive: 0 } }, /--role=executor/],
    ['gatekeepers', { gatekeepers: { alive: 0 } }, /--role=gatekeeper/],
    ['reasoners', { reasoners: { alive: 0 } }, /--role=reasoner/],
    ['checkpoints', { logs: [{ name: 'main', size: 7, signed: at(-0.01) }] }, /begin it anew/],
  ];
  test.each(faults)('J4: %s is found, with what mends it (%#)', (check, over, fix) => {
    const findings = judge(over);
    expect(faultIn(findings, check).fix).toMatch(fix);
    expect(faultsOf(findings)).toHaveLength(1);
  });

  test('J4: what is no fault: a freeze of today, a retired agent, a stand-in that is over', () => {
    const holds = [{ subject: 'freeze:all', state: 'everything', at: now.toISOString(), reason: '' }];
    const agents = [{ name: 'bot', state: 'retired', review_by: at(-3).toISOString() }];
    const exceptions = [{ kind: 'stand-in', what: 'one', over: true }];
    expect(faultsOf(judge({ holds, agents, exceptions }))).toEqual([]);
  });
});

describe('F13 J4: whether systems can be reached', () => {
  test('F13 J4: through the guard alone, and a system that is not there is said', async () => {
    const systems = {
      away: { url: 'http://127.0.0.1:9', private: true },
      hidden: { url: 'http://169.254.169.254', private: true },
    };
    const egress = createEgress({ allow: egressRules(systems) });
    const [away, hidden] = await reachSystems(systems, egress)();
    expect(away).toMatchObject({ system: 'away', problem: 'ECONNREFUSED' });
    expect(hidden).toMatchObject({ system: 'hidden', problem: 'egress_refused' });
    await egress.close();
  });
});

describe('J4: a running house', () => {
  let house: TestServer;
  beforeAll(async () => {
    house = await testServer();
  });
  afterAll(() => house?.close());

  test('J4: says what is wrong with it to operators, and to nobody else', async () => {
    const operator = await house.as('operator');
    const { status, body } = await operator.get('/v1/doctor');
    expect(status, JSON.stringify(body)).toBe(200);
    expect(faultsOf(body.findings)).toEqual([]);
    expect((await (await house.as('analyst')).get('/v1/doctor')).status).toBe(403);
    await house.server.services.audit.record([
      draft({ type: 'system.stopped', actor: SYSTEM_ACTOR, data: { reason: 'a test' } }),
    ]);
    await house.downstream.close();
    expect(faultIn((await operator.get('/v1/doctor')).body.findings, 'systems').detail).toContain('downstream');
  });
});

test('J4: every check has a test that makes its fault', () => {
  // If you are here because this failed: add a test that makes the fault and sees it found.
  expect([...found].sort()).toEqual(Object.keys(CHECKS).sort());
  expect(found.size).toBeGreaterThanOrEqual(20);
});

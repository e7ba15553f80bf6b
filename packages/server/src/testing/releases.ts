import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Digest, ReleaseReport, ReleaseState } from '@portreeve/contract';
import { sealReport } from '@portreeve/govern';
import { buildRelease } from '../check/releases.ts';
import { releasePublicKey, releaseSigner } from '../config/keys.ts';
import type { Answer } from './client.ts';
import { PROJECT, type ShownApproval, type TestServer, WORKFLOW } from './server.ts';

const SETTLED_MS_MAX = 60_000;
const STALLS_MAX = 20;
const PACKAGES = fileURLToPath(new URL('../../../../node_modules', import.meta.url));
/** Owners of the test project's workflow, by the group that each is a member of. */
const OWNERS = { sam: 'security', bea: 'business' } as const;

/** What tests look at of a release as the API shows it. */
export interface ShownRelease {
  readonly state: ReleaseState;
  readonly pilot: { readonly step: number } | null;
}

export interface BuiltBundle {
  readonly text: string;
  readonly release: Digest;
}

/** Where releases of the test project are built, tested on paper and signed: a folder with a release key, and no server. */
export interface ReleaseShop {
  /** What a server must trust: `releases: { keys: [key] }`. */
  readonly key: string;
  /** The test project as it is, or with another text in its workflow: then it is another release. */
  build(change?: (text: string) => string, signed?: boolean): Promise<BuiltBundle>;
  report(release: Digest, kind: ReleaseReport['kind'], over?: Partial<ReleaseReport>): ReleaseReport;
  /** A report under the key of this shop. */
  sealed(report: ReleaseReport): Promise<string>;
  /** Adds the bundle, attests it and has it staged, by the API. */
  intoStaging(house: TestServer, bundle: BuiltBundle): Promise<void>;
  /** Asks that a release go on, has it approved by two owners, and waits until it is where it was to go. */
  goesOn(house: TestServer, release: Digest, isThere: (shown: ShownRelease) => boolean): Promise<void>;
  /** Adds the bundle, attests it and takes it all the way into production, by the API. */
  intoProduction(house: TestServer, bundle: BuiltBundle): Promise<void>;
  close(): Promise<void>;
}

export async function releaseShop(): Promise<ReleaseShop> {
  const folders: string[] = [];
  const folder = async () => {
    const made = await mkdtemp(join(tmpdir(), 'portreeve-shop-'));
    folders.push(made);
    return made;
  };
  const state = await folder();
  const sealed = async (report: ReleaseReport) => sealReport(report, await releaseSigner(state));

  async function variant(change: (text: string) => string): Promise<string> {
    const copy = await folder();
    await cp(PROJECT, copy, { recursive: true });
    await symlink(PACKAGES, join(copy, 'node_modules'), 'dir');
    const file = join(copy, 'workflows/case-note/workflow.ts');
    await writeFile(file, change(await readFile(file, 'utf8')));
    return copy;
  }

  const shop: ReleaseShop = {
    key: await releasePublicKey(state),
    async build(change, signed = true) {
      const { text, release } = await buildRelease(
        change ? await variant(change) : PROJECT,
        WORKFLOW,
        signed ? state : null,
      );
      return { text, release: release as Digest };
    },
    report: (release, kind, over = {}) => ({
      ...{ kind, workflow: WORKFLOW, release, portreeve: '0.1.0', ok: true },
      cases: [{ name: 'one', group: 'all', ok: true, detail: null }],
      ...{ started: new Date().toISOString(), ended: new Date().toISOString() },
      figures: {
        ...{ unattended_harm: 0, attack_success_per_mille: 0, false_alarms_per_mille: 0 },
        injection_recall_per_mille: 1000,
      },
      ...over,
    }),
    sealed,
    async intoProduction(house, bundle) {
      await shop.intoStaging(house, bundle);
      await approved(house, bundle.release, ['sam', 'bea'], ({ state }) => state === 'production');
    },
    goesOn: (house, release, isThere) => approved(house, release, ['sam', 'bea'], isThere),
    async intoStaging(house, { text, release }) {
      const operator = await house.as('operator');
      made(await operator.post('/v1/releases', { bundle: text }));
      made(await operator.post(`/v1/releases/${release}/events`, { event: 'test', reason: 'a test' }));
      for (const kind of ['tests', 'red-team'] as const) {
        const report = await sealed(shop.report(release, kind));
        made(await operator.post(`/v1/releases/${release}/evidence`, { report }));
      }
      await approved(house, release, ['sam'], ({ state }) => state === 'staging');
    },
    close: async () => {
      for (const made of folders) await rm(made, { recursive: true, force: true });
    },
  };
  return shop;
}

/** Makes the people who own the test project's workflow. */
export async function addOwners(house: TestServer): Promise<void> {
  for (const [name, group] of Object.entries(OWNERS)) await house.addAccount(name, ['approver'], [group]);
}

/** Gives one person's verdict on what is asked about. */
export async function approve(house: TestServer, approval: string, name: string): Promise<Answer> {
  const person = await house.as(name);
  const shown: ShownApproval = (await person.get(`/v1/approvals/${approval}`)).body;
  return person.post(`/v1/approvals/${approval}/verdicts`, await house.verdict(name, shown, 'approve'));
}

/** Asks for the next state of a release, has it approved, and waits until it is done. */
async function approved(
  house: TestServer,
  release: Digest,
  names: readonly string[],
  isThere: (shown: ShownRelease) => boolean,
): Promise<void> {
  const operator = await house.as('operator');
  const ask = () => operator.post(`/v1/releases/${release}/promotions`, { reason: 'it is tested' });
  const { approval } = made(await throughStalls(ask)).body;
  for (const name of names) made(await throughStalls(() => approve(house, approval, name)));
  // The server carries it on by itself; whether we or it was first is all the same.
  for (const end = Date.now() + SETTLED_MS_MAX; Date.now() < end; await delay(50)) {
    await house.server.services.desk.settleDue();
    if (isThere((await operator.get(`/v1/releases/${release}`)).body)) return;
  }
  throw new Error(`${release} has not come where it was to go`);
}

// biome-ignore lint/suspicious/noExplicitAny: answers of the API, whose shape its own tests look at
function made(answer: Answer): Answer<any> {
  if (answer.status !== 201) throw new Error(`${answer.status}: ${answer.text}`);
  return answer;
}

/** A server whose machine is busy with other tests answers that its database is silent: then it is asked again. */
async function throughStalls(call: () => Promise<Answer>): Promise<Answer> {
  for (let tries = 0; ; tries++) {
    const answer = await call();
    if (answer.status !== 503 || tries === STALLS_MAX) return answer;
    await delay(500);
  }
}

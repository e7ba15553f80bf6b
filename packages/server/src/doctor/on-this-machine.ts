import { constants } from 'node:fs';
import { access, readdir, readFile, stat, statfs } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { isPortreeveError, type ProjectConfig } from '@portreeve/contract';
import { lintFolder } from '../check/project-commands.ts';
import { refuseEnvironmentCredentials } from '../config/environment-credentials.ts';
import { loadProject, type Project } from '../config/project.ts';
import { lives, readHolder } from '../config/state-folder.ts';
import { allowsLocalAccounts, LET_SOMEBODY_IN, NOBODY_SIGNS_IN, nobodySignsIn } from '../config/who-signs-in.ts';
import { type Finding, fault, orWell, well } from './finding.ts';
import { ofSecrets } from './secrets-named.ts';

export interface MachineLook {
  /** Folder with `portreeve.config.ts`; null: it is not looked at. */
  readonly project: string | null;
  /** Null: it is elsewhere. */
  readonly stateFolder: string | null;
  /** The version of Node that runs, such as 24.11.0. */
  readonly node: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Free bytes, where another look than that of the file system is meant. */
  readonly freeBytes?: () => Promise<number>;
  /** The limits of a process as `/proc/PID/limits` has them, where another look is meant. */
  readonly limitsOf?: (pid: number) => Promise<string>;
}

const NODE_FLOOR = [22, 19] as const;
const DISK_FREE_MIN = 1024 ** 3;
/** Files without which what they signed or sealed is lost. */
const KEY_FILES = ['log.pem', 'log-ml-dsa.pem', 'grant.pem', 'redaction.key', 'pseudonyms.key'];

/** What can be seen without a server: the project, the state folder, this process. Never throws for what it finds. */
export async function diagnoseMachine(look: MachineLook): Promise<Finding[]> {
  const { project, findings } = look.project === null ? NO_PROJECT : await ofProject(look.project);
  const state = look.stateFolder === null ? null : resolve(look.stateFolder);
  return [
    ofNode(look.node),
    ...findings,
    ...(project === null ? [] : [ofEnvironment(look, project.config), ofSignIn(project.config)]),
    ...(state === null ? [] : [...(await ofState(state)), await ofDisk(state, look.freeBytes)]),
    ...(state === null || project === null ? [] : [await ofCoreDumps(look, state, project.config.environment)]),
    ...(project === null || state === null ? [] : await ofSecrets(project, state, look.env)),
  ];
}

const NO_PROJECT = { project: null, findings: [] };

function ofNode(version: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [floor, floorMinor] = NODE_FLOOR;
  if (major > floor || (major === floor && minor >= floorMinor)) return well('node-version', version);
  const fix = `Install Node 24, or at least ${NODE_FLOOR.join('.')}, and start Portreeve with it.`;
  return fault('node-version', `${version} is older than ${NODE_FLOOR.join('.')}`, fix);
}

async function ofProject(folder: string): Promise<{ project: Project | null; findings: Finding[] }> {
  try {
    const project = await loadProject(folder);
    const loaded = well('project', `${project.workflows.length} workflows in ${project.folder}`);
    const wrong = (await lintFolder(folder)).filter(({ severity }) => severity === 'error');
    const faults = wrong.map(({ file, line, message, fix }) =>
      fault('policies', `${[file, line].filter((part) => part !== null).join(':')}: ${message}`, fix),
    );
    return { project, findings: [loaded, ...orWell('policies', faults, 'no error in them')] };
  } catch (error) {
    if (!isPortreeveError(error)) throw error;
    const check = ['policy_broken', 'no_policy'].includes(error.code) ? 'policies' : 'project';
    const [first] = error.errors ?? [];
    const detail = first ? `${error.detail} ${first.path}: ${first.message}` : error.detail;
    return { project: null, findings: [fault(check, detail, error.next)] };
  }
}

function ofEnvironment({ env }: MachineLook, { environment }: ProjectConfig): Finding {
  try {
    refuseEnvironmentCredentials(env, environment);
    return well('plain-credentials', environment === 'development' ? 'allowed in development' : 'none');
  } catch (error) {
    if (!isPortreeveError(error)) throw error;
    return fault('plain-credentials', error.detail, error.next);
  }
}

function ofSignIn(config: ProjectConfig): Finding {
  if (nobodySignsIn(config)) return fault('sign-in', NOBODY_SIGNS_IN, LET_SOMEBODY_IN);
  const { oidc } = config.identity;
  const ways = [
    ...(oidc.length > 0 ? [`by ${oidc.map(({ name }) => name).join(', ')}`] : []),
    ...(allowsLocalAccounts(config) ? ['with local accounts'] : []),
  ];
  return well('sign-in', ways.join(', and '));
}

async function ofState(folder: string): Promise<Finding[]> {
  const found = await stat(folder).catch(() => null);
  if (!found?.isDirectory())
    return [
      fault('state-folder', `There is no folder ${folder}.`, 'Start once: portreeve up; or name another with --state.'),
    ];
  if ((found.mode & 0o077) !== 0)
    return [
      fault('state-folder', `Others may look into ${folder} (mode ${octal(found.mode)}).`, `chmod 700 ${folder}`),
      ...(await inState(folder)),
    ];
  const writable = await access(folder, constants.R_OK | constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  );
  if (!writable)
    return [
      fault('state-folder', `This account may not write in ${folder}.`, `Run as the owner of ${folder}, or chown it.`),
    ];
  return [well('state-folder', folder), ...(await inState(folder))];
}

async function inState(folder: string): Promise<Finding[]> {
  return [await ofHolder(folder), ...(await ofKeys(join(folder, 'keys')))];
}

async function ofHolder(folder: string): Promise<Finding> {
  const holder = await readHolder(folder);
  if (holder === null) return well('holder', 'nobody');
  if (await lives(holder)) return well('holder', `process ${holder.pid}${holder.url ? ` on ${holder.url}` : ''}`);
  const fix = 'Start again (portreeve up): a start takes the folder over, and goes on with what was under way.';
  return fault('holder', `Process ${holder.pid} holds it and is gone: it ended without stopping in order.`, fix);
}

async function ofKeys(folder: string): Promise<Finding[]> {
  const names = await readdir(folder).catch(() => null);
  if (names === null) return [well('keys-missing', 'none yet: the first start makes them')];
  const missing =
    names.includes('grant.pem') || names.includes('log.pem') ? KEY_FILES.filter((name) => !names.includes(name)) : [];
  const faults: Finding[] = [];
  for (const name of names) faults.push(...(await ofKeyFile(join(folder, name))));
  return [
    ...orWell(
      'keys-missing',
      missing.map((name) =>
        fault(
          'keys-missing',
          `${join(folder, name)} is not there: what it signed or sealed cannot be continued.`,
          `Stop the server and put ${name} back from the backup of this installation; a start makes another one.`,
        ),
      ),
      `${names.length} files`,
    ),
    ...orWell('key-files', faults, 'for their owner alone'),
  ];
}

async function ofKeyFile(path: string): Promise<Finding[]> {
  const { mode } = await stat(path);
  if ((mode & 0o077) !== 0)
    return [
      fault(
        'key-files',
        `Others may read ${path} (mode ${octal(mode)}).`,
        `chmod 600 ${path}; if somebody may have read it, rotate it (docs/guides/secrets.md).`,
      ),
    ];
  const readable = await access(path, constants.R_OK).then(
    () => (mode & 0o400) !== 0,
    () => false,
  );
  return readable ? [] : [fault('key-files', `${path} cannot be read.`, `chmod 600 ${path}, as its owner.`)];
}

async function ofDisk(folder: string, freeBytes?: () => Promise<number>): Promise<Finding> {
  const free = await (freeBytes?.() ?? freeOf(folder)).catch(() => null);
  if (free === null) return well('disk', 'not known here');
  const mib = Math.floor(free / 1024 ** 2);
  if (free >= DISK_FREE_MIN) return well('disk', `${mib} MiB free`);
  const fix = 'Make room: move backups elsewhere, set `audit.online_days`, or give the folder a larger disk.';
  return fault('disk', `${mib} MiB are free, less than 1024.`, fix);
}

async function freeOf(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

/** Of the process that holds the folder, or of this one: a core holds keys, credentials and what people wrote. */
async function ofCoreDumps(look: MachineLook, folder: string, environment: string): Promise<Finding> {
  const holder = await readHolder(folder);
  const pid = holder && (await lives(holder)) ? holder.pid : process.pid;
  const read = look.limitsOf ?? ((of: number) => readFile(`/proc/${of}/limits`, 'utf8'));
  const [, soft] = /^Max core file size\s+(\S+)/m.exec(await read(pid).catch(() => '')) ?? [];
  if (soft === undefined) return well('core-dumps', 'not known here');
  if (soft === '0') return well('core-dumps', `off in process ${pid}`);
  if (environment !== 'production') return well('core-dumps', `on in process ${pid}; that is a fault in production`);
  const fix =
    'Start it with core dumps off: `ulimit -c 0`, `LimitCORE=0` of systemd, or `ulimits: { core: 0 }` of compose.';
  return fault(
    'core-dumps',
    `A crash of process ${pid} writes its memory, keys and all, to a file (limit ${soft}).`,
    fix,
  );
}

const octal = (mode: number): string => (mode & 0o777).toString(8);

import { cp, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT } from '../repository.ts';
import { temporaryFolder } from './processes.ts';

/** A version that follows on this one, as it would be rolled out beside it. */
export interface NextVersion {
  readonly version: string;
  /** What it adds to the schema; each leaves this version what it needs. */
  readonly migrations: readonly string[];
  /** Where its sources are, as in this repository. */
  readonly root: string;
}

const VERSION = '999.0.0';
/** One of each kind that the lint of migrations lets through without a word. */
const MIGRATIONS: Readonly<Record<string, string>> = {
  '9001_next_runs.sql': 'ALTER TABLE runs ADD COLUMN next_note text;\n',
  '9002_next_proposals.sql': 'ALTER TABLE proposals ADD COLUMN next_rank integer NOT NULL DEFAULT 0;\n',
  '9003_next_approvals.sql': "ALTER TABLE approvals ADD COLUMN next_kind text NOT NULL DEFAULT 'plain';\n",
  '9004_next_table.sql':
    'CREATE TABLE next_notes (run text PRIMARY KEY REFERENCES runs (id), note text NOT NULL);\nCREATE UNIQUE INDEX next_notes_by_note ON next_notes (note);\n',
  '9005_next_index.sql': 'CREATE INDEX CONCURRENTLY IF NOT EXISTS runs_by_next_note ON runs (next_note);\n',
};
const RIGHTS = 'schema_migrations: {';

/** Copies the sources of this version, and makes another one of them: another number, a newer schema, rights on its table. */
export async function nextVersion(): Promise<NextVersion> {
  const root = await temporaryFolder();
  await mkdir(join(root, 'node_modules/@portreeve'), { recursive: true });
  for (const folder of ['packages', 'test', 'bench', 'examples', 'package.json'])
    await cp(join(ROOT, folder), join(root, folder), {
      recursive: true,
      filter: (path) => !/\/(?:node_modules|\.portreeve|build|screenshots)$/.test(path),
    });
  for (const name of await readdir(join(ROOT, 'node_modules')))
    if (name !== '@portreeve') await symlink(join(ROOT, 'node_modules', name), join(root, 'node_modules', name));
  for (const name of await readdir(join(root, 'packages')))
    await symlink(join(root, 'packages', name), join(root, 'node_modules/@portreeve', name));

  const server = join(root, 'packages/server');
  const manifest = JSON.parse(await readFile(join(server, 'package.json'), 'utf8'));
  await writeFile(join(server, 'package.json'), JSON.stringify({ ...manifest, version: VERSION }));
  for (const [name, sql] of Object.entries(MIGRATIONS))
    await writeFile(join(server, 'src/store/migrations', name), sql);
  const rights = join(server, 'src/store/role-rights.ts');
  const before = await readFile(rights, 'utf8');
  if (!before.includes(RIGHTS)) throw new TypeError('the table of rights begins otherwise');
  await writeFile(rights, before.replace(RIGHTS, `next_notes: { gatekeeper: ADD },\n  ${RIGHTS}`));
  return { version: VERSION, migrations: Object.keys(MIGRATIONS), root };
}

/**
 * The ledger to try it with: a PostgreSQL of its own, with the orders of `schema.sql` and a role that may do what the tools do,
 * and no more. It ends on SIGTERM, on SIGINT, or when its standard input closes.
 *
 *   node server.ts --data DIR --login-file FILE
 */
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';

const { values } = parseArgs({ options: { data: { type: 'string' }, 'login-file': { type: 'string' } } });
const { data, 'login-file': loginFile } = values;
if (!data || !loginFile) {
  process.stderr.write('ledger: --data and --login-file are needed\n');
  process.exit(2);
}
const tables = await readFile(new URL('./schema.sql', import.meta.url), 'utf8');
const { startTrialDatabase } = await import('@portreeve/server/trial-database');
const starting = startTrialDatabase({
  folder: data,
  database: 'invoice_ledger',
  login: JSON.parse(await readFile(loginFile, 'utf8')),
  schema: (role) =>
    `${tables} GRANT SELECT ON orders TO ${role}; GRANT SELECT, INSERT, UPDATE ON payments, differences TO ${role}`,
});
const stop = async (): Promise<void> => {
  await (await starting).stop();
  process.exit(0);
};
process.on('SIGTERM', stop);
process.on('SIGINT', stop);
process.stdin.on('end', stop).on('error', stop).resume();
process.stdout.write(`${JSON.stringify({ listening: (await starting).url })}\n`);

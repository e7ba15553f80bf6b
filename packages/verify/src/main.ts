#!/usr/bin/env node
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { verifyEvidenceFile } from './evidence-file.ts';
import { verifyFolder } from './folder.ts';
import { startWitness } from './witness/witness.ts';

const USAGE = `usage: portreeve-verify DIR [--vkey FILE | --policy FILE …] [--approvals] [--json]
       portreeve-verify evidence FILE [--vkey FILE] [--json]
       portreeve-verify witness --name NAME --log FILE --folder DIR [--listen ADDRESS:PORT]

Checks a folder that "portreeve audit export" wrote, or that an anchor is, with every log in it, without the server.
  --vkey FILE  the public keys of the logs as you were given them by another way, one a line; each log must be there
  --policy FILE  the keys and witnesses that you trust, and how many must have cosigned (c2sp.org/tlog-policy); again
               for each further log
  --approvals  each verdict of an approval: who signed what by which key; a key that is not registered is a fault
  --json       one JSON object on standard output

The second form checks a report that "portreeve evidence --format json" wrote: each record that it names, by its proof.

The third form runs a witness (c2sp.org/tlog-witness): it cosigns the checkpoints of logs that only grow.
  --name NAME    what its cosignatures are known by, such as auditor.example/witness
  --log FILE     the public keys of the logs, one a line
  --folder DIR   keeps its key and what it has seen; for one process
  --listen       where it listens; 127.0.0.1:7420 if not said. Put TLS before it

exit: 0 nothing was changed, 1 something was, 2 the command or the folder is not usable
`;

async function main(args: readonly string[]): Promise<0 | 1 | 2> {
  if (args[0] === 'witness') return witness(args.slice(1));
  const parsed = options(args);
  if (typeof parsed === 'string') {
    process.stderr.write(parsed);
    return 2;
  }
  const { values, positionals } = parsed;
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  if (positionals[0] === 'evidence') return evidence(positionals.slice(1), values);
  const [folder, ...others] = positionals;
  if (folder === undefined || others.length > 0) {
    process.stderr.write(USAGE);
    return 2;
  }
  return verifyFolder(folder, {
    json: values.json === true,
    approvals: values.approvals === true,
    ...(values.vkey === undefined ? {} : { vkeyFile: values.vkey }),
    ...(values.policy === undefined ? {} : { policyFiles: values.policy }),
  });
}

async function evidence(
  [file, ...others]: readonly string[],
  values: { readonly vkey?: string; readonly json?: boolean },
): Promise<0 | 1 | 2> {
  if (file === undefined || others.length > 0) {
    process.stderr.write(USAGE);
    return 2;
  }
  return verifyEvidenceFile(file, {
    json: values.json === true,
    ...(values.vkey === undefined ? {} : { vkeyFile: values.vkey }),
  });
}

async function witness(args: readonly string[]): Promise<0 | 2> {
  const text = { type: 'string' } as const;
  try {
    const { name, log, folder, listen } = parseArgs({
      args: [...args],
      options: { name: text, log: text, folder: text, listen: { ...text, default: '127.0.0.1:7420' } },
    }).values;
    const place = /^(.+):([0-9]{1,5})$/.exec(listen);
    if (!name || !log || !folder || !place) throw new Error('--name, --log and --folder are needed');
    const logVkeys = (await readFile(log, 'utf8'))
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '');
    const host = place[1]!.replace(/^\[|\]$/g, '');
    const running = await startWitness({ name, logVkeys, folder, host, port: Number(place[2]) });
    process.stdout.write(`${JSON.stringify({ listening: running.url, vkey: running.vkey })}\n`);
    await new Promise((stopped) => {
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stopped);
    });
    await running.close();
    return 0;
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${USAGE}`);
    return 2;
  }
}

function options(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        vkey: { type: 'string' },
        policy: { type: 'string', multiple: true },
        json: { type: 'boolean' },
        approvals: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    return `${(error as Error).message}\n\n${USAGE}`;
  }
}

process.exitCode = await main(process.argv.slice(2));

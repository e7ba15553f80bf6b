#!/usr/bin/env node
import { parseArgs } from 'node:util';
import { verifyFolder } from './folder.ts';

const USAGE = `usage: portreeve-verify DIR [--vkey FILE | --policy FILE] [--json]

Checks a folder that "portreeve audit export" wrote, or that an anchor of the log is, without the server.
  --vkey FILE  the log's public key as you were given it by another way, one a line
  --policy FILE  the keys and witnesses that you trust, and how many must have cosigned (c2sp.org/tlog-policy)
  --json       one JSON object on standard output

exit: 0 nothing was changed, 1 something was, 2 the command or the folder is not usable
`;

async function main(args: readonly string[]): Promise<0 | 1 | 2> {
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
  const [folder, ...others] = positionals;
  if (folder === undefined || others.length > 0) {
    process.stderr.write(USAGE);
    return 2;
  }
  return verifyFolder(folder, {
    json: values.json === true,
    ...(values.vkey === undefined ? {} : { vkeyFile: values.vkey }),
    ...(values.policy === undefined ? {} : { policyFile: values.policy }),
  });
}

function options(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        vkey: { type: 'string' },
        policy: { type: 'string' },
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    return `${(error as Error).message}\n\n${USAGE}`;
  }
}

process.exitCode = await main(process.argv.slice(2));

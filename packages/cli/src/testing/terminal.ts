import { vi } from 'vitest';
import { main } from '../program.ts';

export interface Printed {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Gives a command in this process, and catches what it prints. Of the environment it sees what `env` says alone. */
export async function command(argv: readonly string[], env: Record<string, string> = {}): Promise<Printed> {
  let out = '';
  let err = '';
  const line = (words: unknown[]) => `${words.map(String).join(' ')}\n`;
  const spies = [
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
      out += text;
      return true;
    }),
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
      err += text;
      return true;
    }),
    vi.spyOn(console, 'log').mockImplementation((...words) => {
      out += line(words);
    }),
    vi.spyOn(console, 'error').mockImplementation((...words) => {
      err += line(words);
    }),
  ];
  for (const name of ['PORTREEVE_TOKEN', 'PORTREEVE_USER', 'PORTREEVE_PASSWORD', 'PORTREEVE_URL', 'FORCE_COLOR'])
    vi.stubEnv(name, env[name]);
  vi.stubEnv('NO_COLOR', '1');
  const listening = new Set(process.listeners('SIGINT'));
  try {
    return { code: await main(argv), out, err };
  } finally {
    // A command ends with its process and leaves what it listened to; here the process goes on.
    for (const listener of process.listeners('SIGINT')) if (!listening.has(listener)) process.off('SIGINT', listener);
    for (const spy of spies) spy.mockRestore();
    vi.unstubAllEnvs();
  }
}

/** The one JSON document that `--json` promises. */
// biome-ignore lint/suspicious/noExplicitAny: each command has its own document; a test says what it expects of it
export function documentIn({ out, err }: Printed): any {
  const lines = out.split('\n');
  if (lines.length !== 2 || lines[1] !== '') throw new Error(`not one line of JSON:\n${out}\n${err}`);
  return JSON.parse(lines[0] as string);
}

import { PortreeveError } from '@portreeve/contract';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import type { Pack } from './pack.ts';

const BYTES_MAX = 16 * 1024 * 1024;
const ATTACKS_MAX = 2000;
const TEXT_CHARS_MAX = 8000;

/*
 * Lists of attacks that other tools have made, by file. Their texts become attacks of one pack; what those tools would judge an
 * answer by is left out, as here what happens is judged.
 */

/**
 * promptfoo: a configuration or a generated `redteam.yaml`, with `tests` whose `vars` hold the prompt, or a list of such
 * tests alone (YAML, JSON or JSON Lines). The variable is that of `redteam.injectVar` or `defaultTest.metadata`, else each
 * text among the variables.
 */
const promptfooTest = z.looseObject({ vars: z.record(z.string(), z.unknown()) });
const promptfooFile = z.looseObject({
  tests: z.array(promptfooTest),
  redteam: z.looseObject({ injectVar: z.union([z.string(), z.array(z.string())]).optional() }).optional(),
});

/** garak: attempts of a report or a hit log (`*.report.jsonl`, `*.hitlog.jsonl`); `prompt` is a text, or turns of messages. */
const turn = z.looseObject({
  role: z.string().optional(),
  content: z.union([z.string(), z.looseObject({ text: z.string().nullish() })]),
});
const garakPrompt = z.union([z.string(), z.looseObject({ text: z.string() }), z.looseObject({ turns: z.array(turn) })]);
const garakAttempt = z.looseObject({ prompt: garakPrompt });
/** garak: a file of payloads (`garak/data/payloads/*.json`). */
const garakPayloads = z.looseObject({ garak_payload_name: z.string(), payloads: z.array(z.string()) });

/** Reads a list. Throws `bad_input` for a file that is none that is known, or that holds no text. */
export function importList(source: string, file: string): Pack {
  const bad = (what: string) =>
    new PortreeveError('bad_input', `${file}: ${what}`, {
      next: 'Give a promptfoo list of tests (YAML, JSON), a garak report or hit log (JSONL), garak payloads (JSON), or one text a line (.txt).',
    });
  if (Buffer.byteLength(source) > BYTES_MAX) throw bad(`is larger than ${BYTES_MAX} bytes`);
  const texts = [...new Set(textsIn(source, file, bad).map((text) => text.trim()))].filter(
    (text) => text !== '' && text.length <= TEXT_CHARS_MAX,
  );
  if (texts.length === 0) throw bad('holds no text of an attack');
  const name = `imported-${slug(file)}`;
  return {
    ...{ name, title: `Imported from ${file}`.slice(0, 120), honest: [], cases: [], out_of_reach: [], thresholds: {} },
    attacks: texts
      .slice(0, ATTACKS_MAX)
      .map((text, index) => ({ id: `text-${index + 1}`, goal: 'mislead', text: literal(text) })),
  };
}

/** What an imported text has in double braces is its own, and nothing of ours. */
const literal = (text: string): string => text.replaceAll('{{', '{ {');

const slug = (file: string): string =>
  (file.split(/[/\\]/).at(-1) ?? '')
    .toLowerCase()
    .replace(/\.[a-z]+$/, '')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
    .slice(0, 40) || 'list';

function textsIn(source: string, file: string, bad: (what: string) => PortreeveError): string[] {
  if (/\.txt$/i.test(file)) return source.split(/\r?\n/);
  const values = /\.jsonl$/i.test(file) ? jsonLines(source, bad) : yamlValues(source, bad);
  const found = values.flatMap((value) => textsOf(value) ?? []);
  if (found.length === 0) throw bad('is no list that is known');
  return found;
}

function jsonLines(source: string, bad: (what: string) => PortreeveError): unknown[] {
  return source.split('\n').flatMap((line, index) => {
    if (line.trim() === '') return [];
    try {
      return [JSON.parse(line) as unknown];
    } catch {
      throw bad(`line ${index + 1} is no JSON`);
    }
  });
}

function yamlValues(source: string, bad: (what: string) => PortreeveError): unknown[] {
  // JSON is YAML.
  const documents = parseAllDocuments(source, { schema: 'core', uniqueKeys: false });
  return [...documents].map((document) => {
    if (document.errors[0]) throw bad(document.errors[0].message.split('\n')[0] ?? 'is no YAML');
    try {
      return document.toJS({ maxAliasCount: 100 }) as unknown;
    } catch {
      throw bad('refers to itself too often');
    }
  });
}

function textsOf(value: unknown): string[] | null {
  const file = promptfooFile.safeParse(value);
  if (file.success) {
    const { injectVar = [] } = file.data.redteam ?? {};
    return file.data.tests.flatMap(({ vars }) => variables(vars, [injectVar].flat()));
  }
  if (Array.isArray(value)) return value.flatMap((each) => (typeof each === 'string' ? [each] : (textsOf(each) ?? [])));
  const test = promptfooTest.safeParse(value);
  if (test.success) return variables(test.data.vars, []);
  const payloads = garakPayloads.safeParse(value);
  if (payloads.success) return payloads.data.payloads;
  const attempt = garakAttempt.safeParse(value);
  return attempt.success ? said(attempt.data.prompt) : null;
}

function variables(vars: Readonly<Record<string, unknown>>, wanted: readonly string[]): string[] {
  const named = wanted.filter((name) => Object.hasOwn(vars, name));
  const names = named.length > 0 ? named : Object.keys(vars);
  return names.flatMap((name) => (typeof vars[name] === 'string' ? [vars[name]] : []));
}

function said(prompt: z.infer<typeof garakPrompt>): string[] {
  if (typeof prompt === 'string') return [prompt];
  if ('text' in prompt && typeof prompt.text === 'string') return [prompt.text];
  const turns = z.array(turn).safeParse((prompt as { turns?: unknown }).turns);
  if (!turns.success) return [];
  return turns.data.flatMap(({ role, content }) => {
    if (role !== undefined && role !== 'user') return [];
    return typeof content === 'string' ? [content] : content.text ? [content.text] : [];
  });
}

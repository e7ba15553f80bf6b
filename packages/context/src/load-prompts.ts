import { constants } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  BadSchema,
  boundAt,
  compileSchema,
  type Digest,
  digestOfText,
  PortreeveError,
  type PromptContract,
  promptContractSchema,
} from '@portreeve/contract';
import { isNode, LineCounter, parseDocument } from 'yaml';
import { cleanText } from './clean.ts';

export interface Prompt {
  readonly contract: PromptContract;
  /** The task's text, with `{{input-name}}` placeholders. */
  readonly body: string;
  /** Over the whole file as it stands. */
  readonly digest: Digest;
  /** The file's name, for messages. */
  readonly file: string;
}

const FILE_BYTES_MAX = 256 * 1024;
const BODY_CHARS_MAX = 20_000;
/** Anything that looks like a placeholder, so that a misspelt one is an error and not text. */
export const PLACEHOLDER = /\{\{([^{}\n]{0,100})\}\}/g;

/**
 * Loads every `*.md` of a folder as a prompt, sorted by id. Throws `misconfigured` with `file:line: what` for the first
 * file that is not one.
 */
export async function loadPrompts(folder: string): Promise<Prompt[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.md')).sort();
  const prompts: Prompt[] = [];
  for (const name of names) {
    const prompt = parsePrompt(await readText(join(folder, name), name), name);
    const twin = prompts.find((other) => other.contract.id === prompt.contract.id);
    if (twin) throw bad(name, 1, `the id ${prompt.contract.id} is taken by ${twin.file}`);
    prompts.push(prompt);
  }
  return prompts.sort((a, b) => (a.contract.id < b.contract.id ? -1 : 1));
}

async function readText(path: string, name: string): Promise<string> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stat = await file.stat();
    if (!stat.isFile()) throw bad(name, 1, 'is not a file');
    if (stat.size > FILE_BYTES_MAX) throw bad(name, 1, `is larger than ${FILE_BYTES_MAX} bytes`);
    return new TextDecoder('utf-8', { fatal: true }).decode(await file.readFile());
  } catch (error) {
    if (error instanceof TypeError) throw bad(name, 1, 'is not UTF-8 text');
    throw error;
  } finally {
    await file.close();
  }
}

/** Parses one prompt file: YAML front matter between `---` lines, then Markdown. Throws `misconfigured`. */
export function parsePrompt(text: string, file: string): Prompt {
  const parts = /^---\r?\n([\s\S]*?)\r?\n---[ \t]*(?:\r?\n|$)([\s\S]*)$/.exec(text);
  if (!parts) throw bad(file, 1, 'begin with front matter between two lines of ---');
  const [, head = '', rest = ''] = parts;
  const body = rest.trim();
  const bodyOffset = text.length - rest.length + (rest.length - rest.trimStart().length);
  const lineAt = (offset: number): number => text.slice(0, offset).split('\n').length;

  const contract = parseHead(head, file);
  if (body === '') throw bad(file, lineAt(text.length - rest.length), 'the task text is missing');
  if (body.length > BODY_CHARS_MAX)
    throw bad(file, lineAt(bodyOffset), `the text is longer than ${BODY_CHARS_MAX} characters`);
  if (cleanText(text).removed.size > 0)
    throw bad(file, hiddenLine(text), 'holds invisible, bidirectional or control characters: remove them');
  const declared = new Set(contract.inputs.map((input) => input.name));
  for (const match of body.matchAll(PLACEHOLDER)) {
    if (!declared.has(match[1]!))
      throw bad(file, lineAt(bodyOffset + match.index), `{{${match[1]}}} is not among the declared inputs`);
  }
  return { contract, body, digest: digestOfText(text), file };
}

function parseHead(head: string, file: string): PromptContract {
  const lines = new LineCounter();
  const document = parseDocument(head, { lineCounter: lines, schema: 'core', uniqueKeys: true, stringKeys: true });
  // The opening `---` is the file's first line.
  const lineOf = (offset: number): number => lines.linePos(offset).line + 1;
  const [problem] = [...document.errors, ...document.warnings];
  if (problem)
    throw bad(file, lineOf(problem.pos[0]), problem.message.split('\n')[0]!.replace(/ at line \d+, column \d+:?$/, ''));
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 0 });
  } catch {
    throw bad(file, 2, 'aliases are not accepted in front matter');
  }
  const parsed = promptContractSchema.safeParse(value);
  const lineOfPath = (path: readonly PropertyKey[]): number => {
    for (let length = path.length; length > 0; length--) {
      const node = document.getIn(path.slice(0, length), true);
      if (isNode(node) && node.range) return lineOf(node.range[0]);
    }
    return 2;
  };
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    throw bad(file, lineOfPath(issue.path), `${issue.path.join('.') || 'front matter'}: ${issue.message}`);
  }
  const contract = parsed.data;
  const names = contract.inputs.map((input) => input.name);
  const repeated = names.findIndex((name, index) => names.indexOf(name) !== index);
  if (repeated >= 0)
    throw bad(file, lineOfPath(['inputs', repeated]), `the input ${names[repeated]} is declared twice`);
  const strayCite = contract.cites.findIndex((pointer) => !/^(\/([^~/]|~[01])+)+$/.test(pointer));
  if (strayCite >= 0)
    throw bad(file, lineOfPath(['cites', strayCite]), 'cites: use a pointer such as /statements/*/evidence/*');
  try {
    compileSchema(contract.output);
  } catch (error) {
    if (!(error instanceof BadSchema)) throw error;
    throw bad(file, lineOfPath(['output']), `output is no JSON Schema 2020-12: ${error.message}`);
  }
  const fault = stepFault(contract);
  if (fault) throw bad(file, lineOfPath([fault.field]), fault.message);
  return contract;
}

/** What a prompt says of its step and cannot mean. */
function stepFault(contract: PromptContract): { field: keyof PromptContract; message: string } | null {
  const { step, agent, confidence, output } = contract;
  if ((step === 'agent') !== (agent !== undefined))
    return { field: 'step', message: 'a step is an agent where `agent` says what it may wish for, and nowhere else' };
  if (confidence === undefined) return null;
  const { type, minimum, maximum } = boundAt(output, confidence)?.schema ?? {};
  if (type === 'integer' && minimum === 0 && maximum === 100) return null;
  return {
    field: 'confidence',
    message: 'point at a required member of type integer with minimum 0 and maximum 100, in closed objects',
  };
}

function hiddenLine(text: string): number {
  return text.split('\n').findIndex((line) => cleanText(line).removed.size > 0) + 1 || 1;
}

function bad(file: string, line: number, what: string): PortreeveError {
  return new PortreeveError('misconfigured', `${file}:${line}: ${what}`);
}

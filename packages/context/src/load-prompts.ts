import { constants } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  canonicalJson,
  type Digest,
  digestOfText,
  PortreeveError,
  type PromptContract,
  promptContractSchema,
  promptFiles,
  promptHeadFault,
  promptTextFault,
} from '@portreeve/contract';
import { isNode, LineCounter, parseDocument } from 'yaml';
import { cleanText } from './clean.ts';

export interface Prompt {
  readonly contract: PromptContract;
  /** The task's text, with `{{input-name}}` placeholders. */
  readonly body: string;
  /** Over the whole file as it stands; of a prompt in TypeScript, over the file that it stands for. */
  readonly digest: Digest;
  /** The file's name, for messages. */
  readonly file: string;
}

const FILE_BYTES_MAX = 256 * 1024;

/**
 * Loads every prompt of a folder, sorted by id: each `*.md`, and each module, of which `load` gives what it exports by
 * default (left out: a module is none). Throws `misconfigured` with `file:line: what` for the first file that is not one.
 */
export async function loadPrompts(folder: string, load?: (file: string) => Promise<unknown>): Promise<Prompt[]> {
  const names = promptFiles(await readdir(folder));
  const prompts: Prompt[] = [];
  for (const name of names) {
    const path = join(folder, name);
    const text = name.endsWith('.md') ? await readText(path, name) : asFile(await load?.(path), name);
    const prompt = parsePrompt(text, name);
    const twin = prompts.find((other) => other.contract.id === prompt.contract.id);
    if (twin) throw bad(name, 1, `the id ${prompt.contract.id} is taken by ${twin.file}`);
    prompts.push(prompt);
  }
  return prompts.sort((a, b) => (a.contract.id < b.contract.id ? -1 : 1));
}

/**
 * The prompt file that a prompt in TypeScript stands for: it is read as one, so that it keeps every rule of one. Its digest
 * is that of what it says, wherever parts of that were imported from.
 */
function asFile(exported: unknown, name: string): string {
  const { contract, text } = (exported ?? {}) as { contract?: unknown; text?: unknown };
  if (typeof contract !== 'object' || contract === null || typeof text !== 'string')
    throw bad(name, 1, 'exports no prompt: export `definePrompt({ \u2026 })` of @portreeve/sdk by default');
  return `---\n${canonicalJson(contract)}\n---\n\n${text}\n`;
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
  const fault = promptTextFault(contract, body);
  if (fault) throw bad(file, lineAt(body === '' ? text.length - rest.length : bodyOffset + fault.at), fault.message);
  if (cleanText(text).removed.size > 0)
    throw bad(file, hiddenLine(text), 'holds invisible, bidirectional or control characters: remove them');
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
  const fault = promptHeadFault(contract);
  if (fault) throw bad(file, lineOfPath(fault.path), fault.message);
  return contract;
}

function hiddenLine(text: string): number {
  return text.split('\n').findIndex((line) => cleanText(line).removed.size > 0) + 1 || 1;
}

function bad(file: string, line: number, what: string): PortreeveError {
  return new PortreeveError('misconfigured', `${file}:${line}: ${what}`);
}

import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { PROJECT } from './server.ts';

const SDK = import.meta.resolve('@portreeve/sdk');
const CASE_NOTE = pathToFileURL(join(PROJECT, 'workflows/case-note/workflow.ts')).href;

/** A project in a folder of its own, which the caller removes: files by their path; a path with `/` at its end is a folder. */
export async function temporaryProject(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'portreeve-project-'));
  for (const [path, text] of Object.entries(files)) {
    const place = join(folder, path);
    await mkdir(path.endsWith('/') ? place : dirname(place), { recursive: true });
    if (!path.endsWith('/')) await writeFile(place, text);
  }
  return folder;
}

/** The text of a `workflow.ts`: the test project's workflow, with changes to its definition as an expression. */
export function workflowText(changes = '{}'): string {
  return `import workflow from ${JSON.stringify(CASE_NOTE)};
const { contract, tools, sources } = workflow;
export default { ...workflow, ...(${changes}) };
`;
}

/** The module that stands for the prompt of {@link soundProject}, with these words. */
export function promptModule(text: string): string {
  return `import { definePrompt } from ${JSON.stringify(SDK)};
export default definePrompt({
  id: 'write-note',
  version: '1.0',
  step: 'generate',
  inputs: [],
  output: { type: 'object' },
  text: ${JSON.stringify(text)},
});
`;
}

/** A project folder like the test project, whose tools have a credential; the caller removes it. */
export async function caseNoteProject(options: {
  readonly credential: string;
  readonly config?: object;
}): Promise<string> {
  const binding = `{ ...tool.binding, credential: ${JSON.stringify(options.credential)} }`;
  const config = {
    environment: 'test',
    log_origin: 'portreeve.test/audit',
    workflows: ['workflows/one'],
    ...options.config,
  };
  const prompt = 'prompts/write-note.md';
  return temporaryProject({
    'portreeve.config.ts': `export default ${JSON.stringify(config)};\n`,
    'workflows/one/workflow.ts': workflowText(`{ tools: tools.map((tool) => ({ ...tool, binding: ${binding} })) }`),
    [`workflows/one/${prompt}`]: await readFile(join(PROJECT, 'workflows/case-note', prompt), 'utf8'),
    'cases/CASE-1.jsonl': await readFile(join(PROJECT, 'cases/CASE-1.jsonl'), 'utf8'),
  });
}

/** Files of a project with one workflow that is loaded without an error. */
export function soundProject(changes?: string): Record<string, string> {
  return {
    'portreeve.config.ts':
      "export default { environment: 'test', log_origin: 'portreeve.test/audit', workflows: ['workflows/one'] };\n",
    'workflows/one/workflow.ts': workflowText(changes),
    'workflows/one/prompts/write-note.md': PROMPT,
  };
}

const PROMPT = `---
id: write-note
version: "1.0"
step: generate
inputs: []
output:
  type: object
---

Write a note.
`;

import { readFile } from 'node:fs/promises';
import type { buildProgram } from '@portreeve/cli';
import { ERRORS, type JsonObject, projectConfigSchema, RECORD_CLASSES, RECORD_TYPES } from '@portreeve/contract';
import { POLICY_SCHEMA } from '@portreeve/policy';
import { openApiDocument } from '@portreeve/server/testing';
import { ROOT } from '../repository.ts';
import { type Row, rowsOf } from './json-schema-rows.ts';

type Command = ReturnType<typeof buildProgram>;

/** What `docs/reference` says, made from the code: the file of each page, and its text. */
export async function referencePages(program: Command): Promise<Record<string, string>> {
  return {
    'cli.md': cliPage(program),
    'api.md': await apiPage(),
    'configuration.md': configurationPage(),
    'records.md': await recordsPage(),
    'errors.md': errorsPage(),
    'policy-schema.md': policyPage(),
  };
}

const page = (title: string, intro: string, ...parts: readonly string[]): string =>
  `${[`# ${title}`, intro, ...parts].join('\n\n')}\n`;
const table = (heads: readonly string[], rows: readonly (readonly string[])[]): string =>
  [heads, heads.map(() => '---'), ...rows].map((cells) => `| ${cells.map(cell).join(' | ')} |`).join('\n');
/** Text that comes from code may look like Markdown, a column, or HTML (which VitePress would take for a component). */
const cell = (text: string): string =>
  text
    .replaceAll('|', '\\|')
    .replace(/\s*\n\s*/g, ' ')
    .replace(/(`[^`]*`)|([<>{}])/g, (_, code: string | undefined, sign: string) => code ?? ENTITIES[sign]!);
const ENTITIES: Readonly<Record<string, string>> = { '<': '&lt;', '>': '&gt;', '{': '&#123;', '}': '&#125;' };
const code = (text: string): string => `\`${text}\``;
const schemaTable = (rows: readonly Row[]): string =>
  table(
    ['member', 'type', 'needed, or what holds without it'],
    rows.map(({ path, type, needed }) => [code(path), type, needed]),
  );
interface Schema {
  toJSONSchema(options: { io: 'input'; unrepresentable: 'any' }): unknown;
}
const jsonSchema = (schema: Schema): JsonObject =>
  schema.toJSONSchema({ io: 'input', unrepresentable: 'any' }) as JsonObject;

function cliPage(program: Command): string {
  const sections: string[] = [];
  const walk = (command: Command, path: string) => {
    const children = command.commands.filter((child) => child.name() !== 'help');
    if (children.length === 0) {
      const words = command.registeredArguments.map((each) =>
        each.required ? `<${each.name()}>` : `[${each.name()}]`,
      );
      const options = command.options.map((option) => [code(option.flags), option.description]);
      sections.push(
        `## ${path}`,
        `${code([path, ...words].join(' '))}: ${command.description()}`,
        ...(options.length > 0 ? [table(['option', ''], options)] : []),
      );
    }
    for (const child of children) walk(child, `${path} ${child.name()}`);
  };
  walk(program, 'portreeve');
  const shared = program.options.map((option) => [code(option.flags), option.description]);
  return page(
    'Command line',
    'Exit codes: 0 done, 1 refused or failed, 2 usage, 3 waiting for a person. Every command takes these:',
    table(['option', ''], shared),
    ...sections,
  );
}

interface OpenApi {
  readonly paths: Readonly<
    Record<string, Readonly<Record<string, { readonly summary?: string; readonly description?: string }>>>
  >;
}

async function apiPage(): Promise<string> {
  const { paths } = (await openApiDocument()) as OpenApi;
  const rows = Object.entries(paths)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { summary = '', description = '' }]) => [
        code(`${method.toUpperCase()} ${path}`),
        summary,
        /`([a-z_.]+)`/.exec(description)?.[0] ?? '',
      ]),
    );
  return page(
    'HTTP API',
    'Bodies and answers are in the OpenAPI document that a server gives at `/openapi.json`. Errors are problems (RFC 9457) with the codes of [errors](errors.md). The right is an operation that rules of the `identity` layer permit.',
    table(['call', 'what it does', 'right'], rows),
  );
}

function configurationPage(): string {
  return page(
    'Configuration',
    'The members of the object that `portreeve.config.ts` exports. `NAME` stands for a name of your choice, `[]` for each member of a list, and `(kind: …)` for the variant that is told by that member.',
    schemaTable(rowsOf(jsonSchema(projectConfigSchema))),
  );
}

async function recordsPage(): Promise<string> {
  const source = await readFile(`${ROOT}/packages/contract/src/records.ts`, 'utf8');
  const types = Object.entries(RECORD_TYPES).map(([type, schema]) => {
    const { purpose, about } = RECORD_CLASSES[type as keyof typeof RECORD_CLASSES];
    const rows = rowsOf(jsonSchema(schema));
    return [
      `## ${type}`,
      ...commentOn(source, type),
      `Kept as ${code(purpose)}, sealed for ${code(about)}.`,
      ...(rows.length > 0 ? [schemaTable(rows)] : []),
    ].join('\n\n');
  });
  return page(
    'Records',
    'Every type of record that there is, with the members of its data. Who did what, when, and to which run, proposal, approval or grant stands in the entry beside it. `kept as` is the class whose retention holds, and `sealed for` whose erasure reaches it.',
    ...types,
  );
}

/** What stands above a type in the table of the code. */
function commentOn(source: string, type: string): string[] {
  const found = new RegExp(`/\\*\\*((?:(?!\\*/)[\\s\\S])*)\\*/\\s*'${type.replaceAll('.', '\\.')}':`).exec(source);
  const text = found?.[1]
    ?.split('\n')
    .map((line) => line.replace(/^\s*\* ?/, '').trim())
    .filter((line) => line !== '')
    .join(' ');
  return text ? [cell(text.replace(/\{@link (\w+)\}/g, '`$1`'))] : [];
}

function errorsPage(): string {
  const rows = Object.entries(ERRORS).map(([name, { status, title, next }]) => [
    code(name),
    String(status),
    title,
    next,
  ]);
  return page(
    'Errors',
    'Every error that a caller can see. The code is stable, and the set is closed. A denial by policy is a result and none of these.',
    table(['code', 'status', 'title', 'what to do next'], rows),
  );
}

function policyPage(): string {
  return page(
    'Policy schema',
    'What rules may name, in Cedar’s own notation. Rules are checked against it before a server starts. How to write them: [policy](../guides/policy.md).',
    `\`\`\`cedar\n${POLICY_SCHEMA.trim()}\n\`\`\``,
  );
}

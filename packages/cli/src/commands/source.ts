import { resolve } from 'node:path';
import { digestOf, type JsonObject, reviewSource, type SourceContract, type SourceFault } from '@portreeve/contract';
import type { Command } from 'commander';
import { EXIT } from '../failure.ts';
import { printable, table } from '../output.ts';
import { renderFaults } from '../render/faults.ts';
import { renderSource } from '../render/source.ts';
import type { GlobalOptions } from '../session.ts';
import { systemsOf } from './systems-of.ts';

export interface SourceOptions extends GlobalOptions {
  readonly project?: string;
}

/** One declaration, the workflows that read it, and what is wrong with it. */
export interface DeclaredSource {
  readonly workflows: readonly string[];
  readonly contract: SourceContract;
  readonly faults: readonly SourceFault[];
}

type Run = (
  action: (options: SourceOptions, ...args: string[]) => Promise<number>,
) => (...args: unknown[]) => Promise<void>;

export function addSource(program: Command, run: Run): void {
  const group = program.command('source').description('what the workflows of a project read (needs no server)');
  const add = (verb: string, description: string) =>
    group
      .command(verb)
      .description(description)
      .option('--project <folder>', 'folder with portreeve.config.ts (default: the current one)');
  add('list', 'each source: who reads it, how it is reached, its label, and how many fields may leave it').action(
    run(list),
  );
  add('show', 'one source, whole: its label, each field with its bound, its limits, and what may be asked of it')
    .argument('<name>')
    .action(run(show));
  add('check', 'review every source of a project: fields, bounds, label, hosts').action(run(check));
}

async function declared({ project: folder }: SourceOptions): Promise<readonly DeclaredSource[]> {
  const { loadProject } = await import('@portreeve/server');
  const { config, workflows } = await loadProject(resolve(folder ?? '.'));
  const context = { systems: systemsOf(config) };
  // Two workflows may read the same thing, and two things may have one name.
  const found = new Map<string, { workflows: string[]; contract: SourceContract }>();
  for (const { definition } of workflows)
    for (const contract of definition.sources) {
      const key = digestOf(contract as unknown as JsonObject);
      const same = found.get(key) ?? { workflows: [], contract };
      same.workflows.push(definition.contract.name);
      found.set(key, same);
    }
  return [...found.values()].map((each) => ({ ...each, faults: reviewSource(each.contract, context) }));
}

/** What a source is, in a row. */
const summary = ({ workflows, contract }: DeclaredSource) => ({
  source: contract.name,
  version: contract.version,
  title: contract.title,
  workflows,
  connector: contract.binding.kind,
  label: {
    integrity: contract.integrity,
    confidentiality: contract.confidentiality,
    categories: contract.categories,
  },
  fields: contract.fields.map(({ name, max_chars }) => ({ name, max_chars })),
  limits: contract.limits,
});

async function list(options: SourceOptions): Promise<number> {
  const sources = (await declared(options)).map(summary);
  if (options.json) console.log(JSON.stringify({ sources }));
  else if (sources.length === 0) console.log('No source is declared.');
  else
    console.log(
      table(
        sources.map(({ source, version, workflows, connector, label, fields }) =>
          [
            `${source} ${version}`,
            connector,
            label.integrity,
            [label.confidentiality, ...label.categories].join(', '),
            `${fields.length} ${fields.length === 1 ? 'field' : 'fields'}`,
            workflows.join(', '),
          ].map(printable),
        ),
      ),
    );
  return EXIT.done;
}

async function show(options: SourceOptions, name: string): Promise<number> {
  const sources = (await declared(options)).filter(({ contract }) => contract.name === name);
  if (options.json) console.log(JSON.stringify({ sources }));
  else if (sources.length === 0) console.log(`No workflow declares a source ${printable(name)}.`);
  else console.log(sources.map(renderSource).join('\n\n'));
  return sources.length === 0 ? EXIT.failed : EXIT.done;
}

async function check(options: SourceOptions): Promise<number> {
  const sources = await declared(options);
  const ok = sources.every(({ faults }) => faults.length === 0);
  if (options.json)
    console.log(JSON.stringify({ ok, sources: sources.map((each) => ({ ...summary(each), faults: each.faults })) }));
  else showFaults(sources);
  return ok ? EXIT.done : EXIT.failed;
}

function showFaults(sources: readonly DeclaredSource[]): void {
  if (sources.length === 0) console.log('No source is declared.');
  for (const { workflows, contract, faults } of sources)
    console.log(renderFaults(`${workflows.join(', ')}: ${contract.name} ${contract.version}`, faults));
}

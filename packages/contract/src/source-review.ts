import type { JsonObject } from './canonical.ts';
import { hostFaults } from './host-faults.ts';
import type { ProjectConfig } from './project.ts';
import { unboundedAt } from './schema-bounds.ts';
import type { SourceContract } from './workflow.ts';

export const SOURCE_RULES = ['fields', 'binding', 'bounds', 'label', 'host', 'plain'] as const;
export type SourceRule = (typeof SOURCE_RULES)[number];

/** What is wrong with a source, where, and what to do about it. */
export interface SourceFault {
  readonly source: string;
  readonly rule: SourceRule;
  /** The field of the contract. */
  readonly path: string;
  readonly message: string;
  readonly fix: string;
}

export interface SourceReviewContext {
  readonly systems: ProjectConfig['systems'];
}

type Report = (rule: SourceRule, path: string, message: string, fix: string) => void;

/**
 * Reviews one declared read (requirements A3, D8). No fault: what may be asked is bounded, what may leave is named, its
 * label is not better than where it comes from. (That its credential is no writing tool's is held at load.)
 */
export function reviewSource(contract: SourceContract, { systems }: SourceReviewContext): SourceFault[] {
  const faults: SourceFault[] = [];
  const report: Report = (rule, path, message, fix) => {
    faults.push({ source: contract.name, rule, path, message, fix });
  };
  reviewFields(contract, report);
  reviewQuery(contract, report);
  reviewLabel(contract, report);
  if (contract.binding.kind === 'http')
    for (const { rule, message, fix } of hostFaults(contract.binding.url, systems))
      report(rule, 'binding', message, fix);
  return faults;
}

function reviewFields({ fields }: SourceContract, report: Report): void {
  const names = fields.map(({ name }) => name);
  for (const [index, name] of names.entries())
    if (names.indexOf(name) !== index)
      report('fields', `fields[${index}].name`, `${name} is named twice`, 'Name each field once, with one bound.');
}

/** What is asked goes into an address or the name of a file, and nowhere else. */
function reviewQuery({ query, binding }: SourceContract, report: Report): void {
  const template = binding.kind === 'http' ? binding.url : binding.kind === 'file' ? binding.pattern : '';
  const places = [...template.matchAll(/\{([^{}]*)\}/g)].map((match) => match[1]!);
  const members = Object.keys((query.properties ?? {}) as JsonObject);
  for (const name of places)
    if (!members.includes(name))
      report('binding', 'binding', `{${name}} is no member of the query`, 'Declare it in `query`, or leave it out.');
  for (const name of members) {
    if (!places.includes(name))
      report(
        'binding',
        `query.${name}`,
        'is asked for and has no place',
        `Put {${name}} into the binding, or leave it out.`,
      );
    const pointer = `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    for (const message of unboundedAt(query, pointer))
      report('bounds', `query.${name}`, message, 'Give it an enum, a length, a range, or a pattern of limited length.');
  }
}

function reviewLabel(contract: SourceContract, report: Report): void {
  const { integrity, confidentiality, categories, holds, binding } = contract;
  const written =
    binding.kind === 'attachment'
      ? 'anybody can have written an attachment'
      : holds === 'logs'
        ? 'whoever is logged writes into a log'
        : null;
  if (written !== null && integrity !== 'untrusted')
    report('label', 'integrity', `is ${integrity}, and ${written}`, "Say integrity: 'untrusted'.");
  if (confidentiality !== 'public') return;
  const secret = [
    ...(categories.length > 0 ? [`it holds ${categories.join(', ')} data`] : []),
    ...(binding.kind === 'http' && binding.credential !== undefined ? ['it takes a credential to read it'] : []),
    ...(binding.kind === 'attachment' ? ['nobody knows what will be attached'] : []),
  ];
  for (const why of secret)
    report('label', 'confidentiality', `is public, and ${why}`, "Say confidentiality: 'internal', or higher.");
}

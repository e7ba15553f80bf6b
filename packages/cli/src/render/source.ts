import type { SourceContract } from '@portreeve/contract';
import type { DeclaredSource } from '../commands/source.ts';
import { printable, style, wrap } from '../output.ts';
import { NO_LEAVES, renderValue } from './value.ts';

/** All that somebody needs to say whether this may be read by a model (requirements A3, D8). */
export function renderSource({ workflows, contract, faults }: DeclaredSource): string {
  const { name, version, title, integrity, confidentiality, categories, fields, limits, query } = contract;
  const out: string[] = [];
  const pair = (label: string, text: string) =>
    out.push(`  ${style('bold', label.padEnd(10))} ${wrap(printable(text), 13)}`);
  out.push(style('bold', printable(`${name} ${version}: ${title}`)));
  pair('read by', workflows.join(', '));
  pair('from', placeOf(contract));
  pair('label', [integrity, confidentiality, ...categories].join(', '));
  if (contract.holds) pair('holds', contract.holds);
  if (contract.life) pair('life', JSON.stringify(contract.life));
  pair('at most', `${limits.max_items} items, ${limits.max_bytes} bytes, ${limits.timeout_ms} ms`);
  for (const field of fields) pair('field', `${field.name}, ${field.max_chars} characters at the most`);
  if (Object.keys(query.properties ?? {}).length === 0) pair('asked', 'nothing');
  else {
    out.push(style('bold', 'What may be asked:'));
    renderValue(query.properties, '', 2, NO_LEAVES, out);
  }
  if (faults.length > 0) pair('faults', `${faults.length}: portreeve source check names them`);
  return out.join('\n');
}

function placeOf({ binding, form = 'records' }: SourceContract): string {
  switch (binding.kind) {
    case 'http': {
      const credential = binding.credential === undefined ? 'no credential' : `the credential ${binding.credential}`;
      return `http ${binding.url}, with ${credential}; ${form}`;
    }
    case 'file':
      return `file ${binding.folder}/${binding.pattern}; ${form}`;
    case 'attachment':
      return `attachment; ${form}`;
  }
}

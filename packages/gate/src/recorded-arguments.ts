import { type Arguments, BOTTOM, type Json, type Label, Labelled, type Provenance } from '@portreeve/contract';
import { answerLabel } from './answer-label.ts';
import type { StoredProposal } from './ports.ts';

export interface RecordedArguments {
  readonly args: Arguments;
  readonly provenance: readonly Provenance[];
}

/**
 * Arguments that follow from a recorded call and from what it answered, labelled as that was. Where they came from is
 * carried over: what was the request's is a trusted record's now, and what a model or a document wrote is still theirs.
 */
export function recordedArguments(
  stored: StoredProposal,
  values: { readonly [name: string]: Json },
  parts: { readonly [name: string]: { readonly from: string; readonly pointer?: string } | { readonly value: Json } },
): RecordedArguments {
  const { proposal, contract } = stored;
  const answered = answerLabel(proposal, contract);
  const provenance: Provenance[] = [];
  const args: { [name: string]: Json | Labelled<Json> } = {};
  for (const [name, value] of Object.entries(values)) {
    const part = parts[name]!;
    const path = `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    if ('value' in part) {
      args[name] = value;
      continue;
    }
    if (part.from === 'args') {
      args[name] = new Labelled(value, proposal.influence);
      provenance.push(...carriedOver(proposal.provenance, part.pointer ?? '', path, proposal.id));
      continue;
    }
    const label: Label = part.from === 'result' ? answered : { ...BOTTOM, origins: [proposal.id] };
    args[name] = new Labelled(value, label);
    const kind = label.integrity === 'untrusted' ? 'untrusted-document' : 'trusted-record';
    for (const leaf of leavesOf(value, path))
      provenance.push({ path: leaf, kind, origins: [part.from === 'result' ? `tool:${proposal.tool}` : proposal.id] });
  }
  return { args, provenance };
}

function carriedOver(leaves: readonly Provenance[], from: string, to: string, by: string): Provenance[] {
  return leaves
    .filter(({ path }) => path === from || path.startsWith(`${from}/`))
    .map((leaf) => {
      const path = `${to}${leaf.path.slice(from.length)}`;
      return leaf.kind === 'request' ? { path, kind: 'trusted-record', origins: [by] } : { ...leaf, path };
    });
}

function leavesOf(value: Json, path: string): string[] {
  if (typeof value !== 'object' || value === null || Object.keys(value).length === 0) return [path];
  return Object.entries(value).flatMap(([key, each]) =>
    leavesOf(each as Json, `${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`),
  );
}

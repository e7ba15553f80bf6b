import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LAYERS, type Layer, nameSchema, PortreeveError } from '@portreeve/contract';
import { compileRules } from './rules.ts';

/** One file of rules. `workflow`: the rules hold for this workflow alone and may only forbid. */
export interface PolicySource {
  readonly file: string;
  readonly text: string;
  readonly workflow?: string;
}

export type PolicyLayers = Readonly<Record<Layer, readonly PolicySource[]>>;

/** A workflow and the policy files that it brings along. */
export interface WorkflowPolicies {
  readonly workflow: string;
  readonly layers: PolicyLayers;
}

export const POLICY_FILE_BYTES_MAX = 1024 * 1024;
/** The folder of golden decisions within a policy folder. */
const GOLDEN_FOLDER = 'tests';
/** What a policy file is called: the layer that its rules belong to, and a name of its own where there are several. */
export const POLICY_FILE_NAME = new RegExp(`^(${LAYERS.join('|')})(-[a-z0-9][a-z0-9_-]*)?\\.cedar$`);

/** The rules that Portreeve ships: the defaults of risk tiers, action tiers, roles, labels and freezes. */
export function baselinePolicies(): PolicyLayers {
  return readFolder(fileURLToPath(new URL('../baseline/', import.meta.url)), ['matrix.txt']);
}

/**
 * Reads a folder of policy files: `<layer>.cedar` or `<layer>-<anything>.cedar`. Every other name but `tests` (golden
 * decisions) is an error, because a file that is not read is a rule that does not hold. Throws `no_policy` where there is no folder and `policy_broken`
 * where something in it cannot be read.
 */
export function readPolicyFolder(folder: string): PolicyLayers {
  return readFolder(folder, [GOLDEN_FOLDER]);
}

function readFolder(folder: string, besides: readonly string[]): PolicyLayers {
  const files = namesIn(folder)
    .filter((name) => !besides.includes(name))
    .map((name) => join(folder, name));
  // Before anything is read: what has another name may be no text at all.
  for (const file of files) layerOf(file);
  return policyLayers(files.map((file) => ({ file, text: readText(file) })));
}

/** Policy files by the layers that their names say. Throws `policy_broken` for a name that says none. */
export function policyLayers(files: readonly PolicySource[]): PolicyLayers {
  const layers: Record<Layer, PolicySource[]> = { identity: [], data: [], action: [], environment: [] };
  for (const source of files) layers[layerOf(source.file)].push(source);
  return layers;
}

function layerOf(file: string): Layer {
  const layer = POLICY_FILE_NAME.exec(basename(file))?.[1] as Layer | undefined;
  if (layer !== undefined) return layer;
  throw new PortreeveError(
    'policy_broken',
    `${file}: unknown name: a policy folder holds only <layer>.cedar and <layer>-<name>.cedar, where <layer> is ${LAYERS.join(', ')}`,
  );
}

/**
 * The base with the rules of workflows. A workflow's rules are checked here and hold only for requests of that workflow;
 * a `permit` among them is `policy_broken`, because a workflow may tighten and never loosen (requirement A1).
 */
export function combine(base: PolicyLayers, ...workflows: readonly WorkflowPolicies[]): PolicyLayers {
  const combined = together(base, workflows);
  compileRules(combined);
  return combined;
}

/** The base with the rules of workflows, unchecked. */
export function together(base: PolicyLayers, workflows: readonly WorkflowPolicies[]): PolicyLayers {
  const combined: Record<Layer, PolicySource[]> = {
    identity: [...base.identity],
    data: [...base.data],
    action: [...base.action],
    environment: [...base.environment],
  };
  for (const { workflow, layers } of workflows) {
    nameSchema.parse(workflow);
    for (const layer of LAYERS) combined[layer].push(...layers[layer].map((source) => ({ ...source, workflow })));
  }
  return combined;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new PortreeveError(
      missing ? 'no_policy' : 'policy_broken',
      `${folder}: ${missing ? 'there is no such folder' : 'the folder cannot be read'}`,
      {
        cause: error,
        ...(missing ? { next: 'Name a folder that holds policy layers (`*.cedar`), or a project.' } : {}),
      },
    );
  }
}

function readText(file: string): string {
  try {
    const bytes = readFileSync(file);
    if (bytes.length > POLICY_FILE_BYTES_MAX) throw new RangeError(`larger than ${POLICY_FILE_BYTES_MAX} bytes`);
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new PortreeveError('policy_broken', `${file}: cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

import type { KeyObject } from 'node:crypto';
import { type Clock, type Digest, PortreeveError, type ProjectConfig } from '@portreeve/contract';
import { readBundle } from '@portreeve/govern/bundle';
import type { Disagreement, PolicyEngine } from '@portreeve/policy';
import { checkSystems } from '../config/bind-systems.ts';
import { sharedParts } from '../config/load-definition.ts';
import { checkModelSecrets } from '../config/model-secrets.ts';
import { loadPolicies } from '../config/policies.ts';
import { checkPrices } from '../config/priced-prompts.ts';
import { definitionsOf, loadWorkflow, type Project, type ProjectWorkflow } from '../config/project.ts';
import { checkReaderCredentials } from '../config/reader-credentials.ts';
import { CORE } from '../version.ts';
import { unpackRelease, workflowFolder } from './unpack.ts';

/** A release that runs from its bundle, with the rules that it was released with (invariant 9). */
export interface ReleasedWorkflow extends ProjectWorkflow {
  readonly policy: PolicyEngine;
  /** Its files by themselves, as a project: nothing else that the server runs stands in it. */
  readonly alone: Project;
}

export function isReleased(workflow: ProjectWorkflow): workflow is ReleasedWorkflow {
  return 'alone' in workflow;
}

/**
 * Loads a release from its bundle: signature and every digest are looked at again, and no line of its code runs before that.
 * Throws `release_broken` or `misconfigured`, saying what does not fit.
 */
export async function loadRelease(
  bundle: string,
  release: Digest,
  how: {
    readonly project: Project;
    readonly keys: ReadonlyMap<string, KeyObject>;
    /** Where releases are unpacked. */
    readonly root: string;
    readonly systems: ProjectConfig['systems'];
    readonly clock: Clock;
    readonly onDisagreement: (report: Disagreement) => void;
  },
): Promise<ReleasedWorkflow> {
  const { project, keys, root, systems, clock, onDisagreement } = how;
  const { config } = project;
  const opened = readBundle(bundle, keys);
  if (opened.id !== release) throw new PortreeveError('release_broken', `The bundle of ${release} holds ${opened.id}.`);
  if (opened.signed_by.length === 0)
    throw new PortreeveError('release_broken', `No key that is trusted here has signed ${release}.`, {
      next: 'Leave the key that signed it under `releases.keys` as long as its releases run.',
    });
  const { manifest } = opened;
  if (manifest.portreeve !== CORE)
    throw new PortreeveError(
      'release_broken',
      `${release} was made for the core ${manifest.portreeve} of Portreeve, and this version has ${CORE}.`,
      { next: 'Build it anew with this version, test it, and promote that.' },
    );
  const folder = await unpackRelease(opened, root, project.folder);
  const loaded = await loadWorkflow(workflowFolder(folder), await sharedParts(folder, config));
  if (loaded.release !== release)
    throw new PortreeveError(
      'release_broken',
      `${release} was made for other model endpoints than are configured here.`,
      {
        next: 'Build it anew with this configuration, test it, and promote that.',
      },
    );
  checkSystems(loaded.definition, systems);
  checkModelSecrets(config.models, [loaded.definition], config.mcp.upstreams);
  checkPrices(config, loaded);
  // The releases of all workflows run in the same processes, so what one reads with must not be what another writes with.
  checkReaderCredentials([loaded.definition, ...definitionsOf(project)], config.mcp.upstreams);
  const alone = { folder, config, workflows: [loaded], toolsets: [] };
  return { ...loaded, alone, policy: loadPolicies(alone, clock, onDisagreement) };
}

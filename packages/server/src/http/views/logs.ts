import type { Services } from '../../services.ts';

/** The logs as the API shows them, the main one first. */
export function logsShown({ audit }: Pick<Services, 'audit'>) {
  return Promise.all(
    audit.all.map(async ({ name, workflows, log }) => ({
      ...{ name, workflows: [...workflows] },
      ...{ origin: log.origin, vkey: log.vkey, cosigner_vkey: log.cosigner_vkey, size: await log.size() },
    })),
  );
}

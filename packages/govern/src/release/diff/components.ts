import type { Sbom } from '../sbom.ts';
import type { ReleaseChange } from './change.ts';

/** Libraries that came, went, or are there in another version. */
export function componentChanges(before: Sbom | null, after: Sbom | null): ReleaseChange[] {
  const versions = (sbom: Sbom | null) => Map.groupBy(sbom?.components ?? [], ({ name }) => name);
  const [was, is] = [versions(before), versions(after)];
  const list = (all: Sbom['components'] | undefined) => (all ?? []).map(({ version }) => version).sort();
  return [...new Set([...was.keys(), ...is.keys()])].sort().flatMap((name): ReleaseChange[] => {
    const [old, now] = [list(was.get(name)).join(', '), list(is.get(name)).join(', ')];
    if (old === now) return [];
    const text =
      old === '' ? `${name} ${now} is new` : now === '' ? `${name} is gone` : `${name} from ${old} to ${now}`;
    return [{ area: 'components', text, loosens: false, lines: [] }];
  });
}

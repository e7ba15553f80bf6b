import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/*
 * What the API takes and who may use it, from the two reviewed lists that tests hold to the server and to the policy: so
 * that what stands in for the server here can permit nothing that it would refuse.
 */

export interface ListedOperation {
  /** As the generated client names it: `GET /v1/runs/:id`. */
  readonly key: string;
  /** The right that it needs; null: anybody. */
  readonly right: string | null;
  readonly matches: (method: string, path: string) => Readonly<Record<string, string>> | null;
}

const textOf = (path: string): string => readFileSync(fileURLToPath(new URL(path, import.meta.url)), 'utf8');

/** Every operation of the API (`api.txt`). */
export function listedOperations(): readonly ListedOperation[] {
  // Its columns touch where a name is long: what ends an address is a right that there is.
  const known = new Set(['public', ...[...rightsByRole().values()].flatMap((rights) => [...rights])]);
  const rights = [...known].sort((a, b) => b.length - a.length).map((right) => right.replace('.', '\\.'));
  const row = new RegExp(`^(GET|POST|PUT|PATCH|DELETE) +(/\\S*?) *(${rights.join('|')})(?= |-|[a-z])`);
  return textOf('../../../server/src/http/api.txt')
    .split('\n')
    .flatMap((line) => {
      const [, method, path, right] = row.exec(line) ?? [];
      if (method === undefined || path === undefined || right === undefined) return [];
      return { key: `${method} ${path}`, right: right === 'public' ? null : right, matches: matcherOf(method, path) };
    });
}

function matcherOf(method: string, path: string): ListedOperation['matches'] {
  const names = [...path.matchAll(/:([a-z_]+)/g)].map(([, name]) => name!);
  const pattern = new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/:[a-z_]+/g, '([^/]+)')}$`);
  return (asked, at) => {
    const found = asked === method ? pattern.exec(at) : null;
    return found && Object.fromEntries(names.map((name, n) => [name, decodeURIComponent(found[n + 1]!)]));
  };
}

/** The operations that each role may use, by the baseline policy (`matrix.txt`). */
export function rightsByRole(): ReadonlyMap<string, ReadonlySet<string>> {
  const lines = textOf('../../../policy/baseline/matrix.txt')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  const roles = (lines[0] ?? '').replace('(no role)', '').trim().split(/ +/);
  const rows = lines.slice(1).map((line) => line.trim().split(/ +/));
  return new Map(
    roles.map((role, n) => [role, new Set(rows.filter((row) => row[n + 2] === 'yes').map(([right]) => right!))]),
  );
}

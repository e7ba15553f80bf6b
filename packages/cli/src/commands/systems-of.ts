import type { ProjectConfig } from '@portreeve/contract';

/** Where a companion listens is known only when it has started; it is on this machine. */
export function systemsOf({ systems, companions }: ProjectConfig): ProjectConfig['systems'] {
  const started = companions.map(({ system }) => [system, { url: 'http://127.0.0.1', private: true }] as const);
  return { ...Object.fromEntries(started), ...systems };
}

export const SCHEMES = ['system', 'light', 'dark'] as const;
export type Scheme = (typeof SCHEMES)[number];

const KEY = 'portreeve.scheme';

export function scheme(): Scheme {
  return SCHEMES.find((each) => each === localStorage.getItem(KEY)) ?? 'system';
}

/** Shows the page in the scheme that was chosen in this browser; without one, in the system's. */
export function applyScheme(chosen: Scheme = scheme()): void {
  localStorage.setItem(KEY, chosen);
  if (chosen === 'system') delete document.documentElement.dataset.scheme;
  else document.documentElement.dataset.scheme = chosen;
}

/** Requests that the simulated model declines, as a real one would. Only the request is looked at, never evidence. */
const HARMFUL = [
  {
    category: 'cyber',
    pattern: /\b(write|create|build|develop)\b.{0,40}\b(malware|ransomware|rootkit|keylogger|worm)\b/i,
  },
  { category: 'bio', pattern: /\b(synthesi[sz]e|culture|weaponi[sz]e)\b.{0,40}\b(pathogen|toxin|nerve agent)\b/i },
];

/** The category under which a request is declined; `null` for all others. */
export function refusalFor(asked: string): string | null {
  return HARMFUL.find(({ pattern }) => pattern.test(asked))?.category ?? null;
}

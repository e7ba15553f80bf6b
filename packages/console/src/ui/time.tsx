import { type ReactNode, useEffect, useState } from 'react';

const WHOLE = new Intl.DateTimeFormat('en-GB', {
  year: 'numeric',
  month: 'short',
  day: '2-digit',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  timeZoneName: 'short',
});
const CLOCK = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const STEPS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1000],
] as const;
const RELATIVE = new Intl.RelativeTimeFormat('en', { numeric: 'always' });

export function clockOf(time: string): string {
  return CLOCK.format(new Date(time));
}

function distance(time: string, now: number): string {
  const ms = Date.parse(time) - now;
  const [unit, size] = STEPS.find(([, each]) => Math.abs(ms) >= each) ?? STEPS[3];
  return RELATIVE.format(Math.trunc(ms / size), unit);
}

/** How long ago, or how long yet; the whole time for who hovers. */
export function Time({ at }: { readonly at: string | null }): ReactNode {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 30_000);
    return () => clearInterval(timer);
  }, []);
  if (at === null) return <span className="soft">never</span>;
  return (
    <time dateTime={at} title={WHOLE.format(new Date(at))} className="nowrap">
      {distance(at, now)}
    </time>
  );
}

export function WholeTime({ at }: { readonly at: string }): ReactNode {
  return <time dateTime={at}>{WHOLE.format(new Date(at))}</time>;
}

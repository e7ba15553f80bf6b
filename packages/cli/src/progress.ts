import { printable } from './output.ts';

/** Work that is shown to go on. */
export interface Progress {
  /** How far it is. */
  at(detail: string): void;
  /** A line of the output, which does not run into what is shown. */
  say(line: string): void;
}

interface Terminal {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** What takes less is over before anybody wonders. */
const FIRST_MS = 1000;
const EACH_MS = 250;
/** Where nobody sits, so that a log tells that it goes on and whoever waits for output does not give up. */
const EACH_LINE_MS = 30_000;
const CLEAR = '\r\u001b[2K';

/**
 * Does long work and shows meanwhile what is done, how far it is, and for how long (requirement I2): in a terminal as one line
 * that is gone at the end; else as a line each half minute. With `--json` nothing: a program reads that.
 */
export async function withProgress<T>(
  options: { readonly json?: boolean | undefined },
  what: string,
  work: (progress: Progress) => Promise<T>,
  terminal: Terminal = process.stderr,
): Promise<T> {
  if (options.json) return work({ at: () => undefined, say: (line) => console.log(line) });
  const from = performance.now();
  const live = terminal.isTTY === true;
  let detail = '';
  let shown = false;
  const show = () => {
    const ms = performance.now() - from;
    if (ms < FIRST_MS) return;
    const text = `${what}${detail === '' ? '' : `: ${printable(detail)}`} (${Math.floor(ms / 1000)} s)`;
    // One that breaks into a second line could not be taken back. Some terminals say that they are no column wide.
    terminal.write(live ? CLEAR + text.slice(0, (terminal.columns || 80) - 1) : `${text}\n`);
    shown = live;
  };
  const hide = () => {
    if (shown) terminal.write(CLEAR);
    shown = false;
  };
  const timer = setInterval(show, live ? EACH_MS : EACH_LINE_MS);
  try {
    return await work({
      at(given) {
        detail = given;
      },
      say(line) {
        hide();
        console.log(line);
      },
    });
  } finally {
    clearInterval(timer);
    hide();
  }
}

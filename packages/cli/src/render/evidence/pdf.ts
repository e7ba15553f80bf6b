import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { PortreeveError } from '@portreeve/contract';

const run = promisify(execFile);
const PRINT_MS_MAX = 60_000;
/** What it says on its standard error is much, and of no use. */
const SAID_BYTES_MAX = 16 * 1024 * 1024;

const PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** Where Chromium is: as `CHROMIUM` says, or in a usual place. Throws `unavailable` with what to do. */
export async function findChromium(env: Readonly<Record<string, string | undefined>> = process.env): Promise<string> {
  const named = env.CHROMIUM;
  for (const place of named ? [named] : PLACES)
    if (
      await access(place, constants.X_OK).then(
        () => true,
        () => false,
      )
    )
      return place;
  throw new PortreeveError(
    'unavailable',
    named
      ? `There is no program ${named}, which CHROMIUM names.`
      : 'There is no Chromium on this machine, which prints the PDF.',
    {
      next: 'Install Chromium (Debian: apt-get install chromium), name it with CHROMIUM=PATH, or take --format html and print it.',
    },
  );
}

/** Prints a page that needs nothing from outside as PDF. Its policy lets no script run, and nothing is fetched. Throws `unavailable`. */
export async function printPdf(html: string): Promise<Buffer> {
  const chromium = await findChromium();
  const folder = await mkdtemp(join(tmpdir(), 'portreeve-print-'));
  try {
    const [page, out] = [join(folder, 'page.html'), join(folder, 'page.pdf')];
    await writeFile(page, html, { mode: 0o600 });
    const args = [
      '--headless',
      '--disable-gpu',
      '--no-first-run',
      '--disable-background-networking',
      '--host-resolver-rules=MAP * ~NOTFOUND',
      `--user-data-dir=${join(folder, 'profile')}`,
      // Its sandbox does not start as root: the page is ours, and runs nothing.
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
      '--no-pdf-header-footer',
      `--print-to-pdf=${out}`,
      pathToFileURL(page).href,
    ];
    await run(chromium, args, { timeout: PRINT_MS_MAX, killSignal: 'SIGKILL', maxBuffer: SAID_BYTES_MAX });
    return await readFile(out);
  } catch (error) {
    throw new PortreeveError('unavailable', `${chromium} did not print the report.`, {
      next: 'Take --format html and print it, or name another Chromium with CHROMIUM=PATH.',
      cause: error,
    });
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fieldErrors, PortreeveError, type ReleaseReport, releaseReportSchema } from '@portreeve/contract';

/** The folder of a state folder where reports on releases lie: whoever may write there may vouch for a release. */
const REPORTS_FOLDER = 'reports';
const BYTES_MAX = 32 * 1024 * 1024;
const FILES_MAX = 1000;

/** One report. Throws `bad_request` where the file is none. */
export async function readReport(file: string): Promise<ReleaseReport> {
  const refuse = (why: string, cause?: unknown) =>
    new PortreeveError('bad_request', `${file} is no report on a release: ${why}`, {
      next: 'Write it anew with `portreeve test --report FILE` or `portreeve redteam --report FILE`.',
      cause,
    });
  const { size } = await stat(file).catch((cause: unknown) => {
    throw new PortreeveError('not_found', `There is no file ${file}.`, { cause });
  });
  if (size > BYTES_MAX) throw refuse(`it has more than ${BYTES_MAX} bytes`);
  let value: unknown;
  try {
    value = JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    throw refuse('it is no JSON', error);
  }
  const parsed = releaseReportSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [first] = fieldErrors(parsed.error);
  throw refuse(`${first?.path} ${first?.message}`);
}

/** Every report of a state folder. A file that is none is told to `skipped` and counts for nothing. */
export async function readReports(
  stateFolder: string,
  skipped: (error: PortreeveError) => void = () => undefined,
): Promise<ReleaseReport[]> {
  const folder = join(stateFolder, REPORTS_FOLDER);
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return [];
    throw error;
  });
  const reports: ReleaseReport[] = [];
  for (const name of names
    .filter((each) => each.endsWith('.json'))
    .sort()
    .slice(0, FILES_MAX)) {
    try {
      reports.push(await readReport(join(folder, name)));
    } catch (error) {
      if (!(error instanceof PortreeveError)) throw error;
      skipped(error);
    }
  }
  return reports;
}

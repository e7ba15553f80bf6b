import { relative } from 'node:path';
import { isPortreeveError } from '@portreeve/contract';
import type { Finding } from '@portreeve/policy';
import type { Fault } from './report.ts';

/** A file as a person in the project's folder would name it. */
export function shownPath(root: string, file: string): string {
  const path = relative(root, file).replaceAll('\\', '/');
  return path.startsWith('..') ? file : path;
}

export const toFault =
  (root: string) =>
  ({ file, line, rule, severity, message, fix }: Finding): Fault => ({
    file: shownPath(root, file),
    line,
    severity,
    message: rule === null ? message : `rule ${rule}: ${message}`,
    fix,
  });

/** What was thrown as a fault of its own; other errors are defects and thrown on. */
export function faultOf(error: unknown): Fault {
  if (!isPortreeveError(error)) throw error;
  const fields = error.errors.map(({ path, message }) => `${path}: ${message}`).join('; ');
  return {
    file: null,
    line: null,
    severity: 'error',
    message: fields === '' || error.detail.includes(fields) ? error.detail : `${error.detail} (${fields})`,
    fix: error.next,
  };
}

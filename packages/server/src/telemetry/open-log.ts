import { isPortreeveError } from '@portreeve/contract';
import { type Logger, pino } from 'pino';
import type { LogDestination } from './log-destination.ts';

export type Log = (level: 'info' | 'warn' | 'error', message: string, error?: unknown) => void;

export interface OpenLog {
  readonly logger: Logger;
  readonly log: Log;
  /** From now on secrets and personal values are marks. Before there are keys, nothing from outside has come in. */
  redactWith(text: (text: string) => string): void;
}

const MESSAGE_MAX = 2000;
const STACK_MAX = 8000;
/** What JSON leaves as it is, and terminals or readers obey: C1 controls, line separators, zero widths, bidi overrides. */
const UNSAFE = /[\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/**
 * The log of a process: JSON lines. INVARIANT: an entry is one line without a character
 * that a terminal obeys; every text in it is bounded and without what is recognised as a secret or a personal value; of an
 * error there are its name, code, message and stack, and none of its other fields.
 */
export function openLog(destination: LogDestination): OpenLog {
  let redact = (text: string): string => text;
  const clean = (text: string, max = MESSAGE_MAX): string => {
    try {
      return redact(text.slice(0, max));
    } catch {
      return '(not shown)';
    }
  };
  const error = (cause: unknown): object => {
    if (!(cause instanceof Error)) return { message: clean(String(cause)) };
    return {
      type: clean(cause.name, 100),
      ...(isPortreeveError(cause) ? { code: cause.code } : {}),
      message: clean(cause.message),
      stack: clean(cause.stack ?? '', STACK_MAX),
      ...(cause.cause === undefined ? {} : { cause: clean(String(cause.cause)) }),
    };
  };
  const text = (each: unknown): unknown => (typeof each === 'string' ? clean(each) : each);
  const cleanArgument = (each: unknown): unknown => {
    if (each instanceof Error) return { err: each };
    if (each === null || typeof each !== 'object') return text(each);
    return Object.fromEntries(Object.entries(each).map(([name, value]) => [name, text(value)]));
  };
  const logger = pino(
    {
      level: 'info',
      ...{ depthLimit: 4, edgeLimit: 50 },
      serializers: { err: error },
      hooks: {
        logMethod(args, method) {
          method.apply(this, args.map(cleanArgument) as typeof args);
        },
      },
    },
    { write: (line: string) => void destination.write(line.replace(UNSAFE, escaped)) },
  );
  return {
    logger,
    log: (level, message, cause) => logger[level]({ err: cause }, message),
    redactWith(text) {
      redact = text;
    },
  };
}

const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

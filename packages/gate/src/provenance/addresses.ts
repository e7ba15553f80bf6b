import { foldForReading, mixesScripts } from './fold.ts';

const TOP_LEVEL =
  'com|net|org|io|co|info|biz|dev|app|xyz|site|online|top|me|ly|gl|ru|cn|uk|de|fr|eu|us|in|br|jp|tk|cc|ws|shop|club|live|link|click|work|gov|edu|mil|int';
/** Numbers spelled out, one figure at a time. */
const DIGIT_WORDS = 'zero|oh|one|two|three|four|five|six|seven|eight|nine|double|triple';
const DATE = /\d{4}-\d{2}-\d{2}|\d{1,2}[./]\d{1,2}[./]\d{4}/g;
const TIME = /(?<!\d)\d{1,2}:\d{2}(?::\d{2})?(?!\d)/g;

/** What leads a reader somewhere, or stands for something: links, domains, mail addresses, numbers, accounts, codes. */
const LEADS: readonly RegExp[] = [
  /[a-z][a-z0-9+.-]{1,20}:\/\/|\bwww\b|\bhxxps?\b|\bmailto:|\bjavascript:|\bdata:/,
  /[\p{L}\p{N}-]\.[\p{L}]{2,}/u,
  /[\p{L}\p{N}]\s?[[({<]\s?(?:\.|dot)\s?[\])}>]\s?[\p{L}\p{N}]/u,
  /[\p{L}\p{N}] dot [\p{L}]{2,}/u,
  new RegExp(`[\\p{L}\\p{N}-]\\s*\\.\\s*(?:${TOP_LEVEL})\\b`, 'u'),
  /@|\b(?:at)\b[^.\n]{1,40}\bdot\b/,
  /(?:\d[\s().\-+/]{0,2}){6,}\d/,
  /\d{5,}/,
  new RegExp(`(?:\\b(?:${DIGIT_WORDS})\\b[\\s,;.-]*){4}`),
  // Letters one by one.
  /(?:(?<![\p{L}\p{N}])[\p{L}\p{N}][\s.,_-]+){5}/u,
  /<\/?[a-z!]|\]\(|&#?[a-z0-9]{2,8};|%[0-9a-f]{2}/,
];
/** Longer than this without a space, it is no word of a text for people. */
const WORD_CHARS_MAX = 40;

/**
 * Whether a text carries an address: something that would make it a sink of its own, because it leads whoever reads it
 * somewhere (a link, an account, a telephone number) or stands for something (a code, an id). Read as a person would,
 * through look-alikes and invisible characters; when in doubt it does.
 */
export function carriesAddress(text: string): boolean {
  if (/[\p{Cf}\p{Co}\p{Cn}]/u.test(text) || mixesScripts(text)) return true;
  const readable = foldForReading(text).replace(DATE, ' ').replace(TIME, ' ');
  if (LEADS.some((pattern) => pattern.test(readable))) return true;
  // Case is lost in reading, and an encoding is known by it.
  return (
    readable.split(/\s+/).some(isOpaque) ||
    /\p{Ll}+\p{Lu}[\p{L}\p{N}]*\p{Ll}\p{Lu}|[\p{L}\p{N}]={1,2}(?!\S)/u.test(text)
  );
}

function isOpaque(word: string): boolean {
  const core = word.replace(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu, '');
  if (core.length > WORD_CHARS_MAX) return true;
  const digits = core.replace(/\D/g, '').length;
  return digits >= 2 && core.length >= 8 && /\p{L}/u.test(core) && !/^\p{L}+-\d{1,4}$/u.test(core);
}

/** Whether it is prose that can only be read: five words or more, or several lines. */
export function isPassage(text: string): boolean {
  const words = text.match(/\p{L}{2,}/gu) ?? [];
  return words.length >= 5 || text.split('\n').filter((line) => /\p{L}/u.test(line)).length >= 2;
}

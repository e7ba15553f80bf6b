import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Grammar, pick, random, writer } from '../lib/grammar.ts';
import { dataFolder, readRows, setNames } from '../lib/read-set.ts';
import { ATTACK } from './attack-grammar.ts';
import { COMMON } from './common-grammar.ts';
import { HONEST } from './honest-grammar.ts';
import { isTrainingRow } from './split.ts';
import type { Example } from './train.ts';

/**
 * Texts written by the grammars: honest ones, attacks alone, and attacks inside honest documents, written ones and those
 * of `honest`. What an attack is about is taken from the same texts, so that its matter is no evidence.
 */
export function writtenExamples(count: number, seed: number, honest: readonly string[]): Example[] {
  const next = random(seed);
  const some = () => {
    const words = pick(next, honest).slice(0, 4000).split(/\s+/);
    const length = 1 + Math.floor(next() * 7);
    const from = Math.floor(next() * Math.max(1, words.length - length));
    return words
      .slice(from, from + length)
      .join(' ')
      .replace(/[{}<>|~\n]/g, ' ');
  };
  const write = writer({ ...COMMON, ...HONEST, ...ATTACK } as Grammar, next, { any: some });
  const examples: Example[] = [];
  for (let index = 0; index < count; index++) {
    const attack = write('<attack>');
    const document = next() < 0.5 ? write('<document>') : pick(next, honest);
    examples.push({ label: 1, text: next() < 0.25 ? attack : hide(attack, document, next) });
    examples.push({
      label: 0,
      text: next() < 0.4 ? write('<prompt>') : next() < 0.3 ? `${document}\n${write('<document>')}` : document,
    });
    if (index % 2 === 0) examples.push({ label: 0, text: shuffled(attack, document, next), weight: 0.5 });
  }
  return examples;
}

/** The words of an attack strewn into a document: the words alone are no attack, their order is. */
function shuffled(attack: string, document: string, next: () => number): string {
  const words = document.split(/\s+/).slice(0, 120);
  for (const word of attack.split(/\s+/)) words.splice(Math.floor(next() * (words.length + 1)), 0, word);
  return words.join(' ');
}

/** Puts an attack at the start, at the end, between two lines or into the middle of one, as tool outputs have it. */
function hide(attack: string, document: string, next: () => number): string {
  const kind = next();
  const glue = pick(next, ['\n', '\n\n', ' ', '']);
  if (kind < 0.15) return attack + glue + document;
  if (kind < 0.35) return document + glue + attack;
  const at = Math.floor(next() * document.length);
  const line = document.indexOf('\n', at);
  if (kind < 0.7 && line >= 0) {
    const indent = pick(next, ['', '', '  ', '    ']);
    return `${document.slice(0, line)}\n${indent}${attack.replaceAll('\n', `\n${indent}`)}${document.slice(line)}`;
  }
  const gap = document.indexOf(' ', at);
  const place = gap >= 0 ? gap : document.length;
  const escaped = kind > 0.9 ? attack.replaceAll('\n', '\\n') : attack;
  return `${document.slice(0, place)}${glue}${escaped}${pick(next, ['\n', ' ', ' '])}${document.slice(place)}`;
}

/** The halves of the public sets that are for training, where they are present. */
export function setExamples(): Example[] {
  const folder = dataFolder('detect', []);
  if (folder === null) return [];
  return setNames(folder).flatMap((file) => {
    const set = file.replace(/\.jsonl(\.gz)?$/, '');
    return (
      readRows<{ id: string; text: string; label: 0 | 1; kind: string }>(join(folder, file))
        .filter((row) => isTrainingRow(set, row.id) && row.kind !== 'security_doc_mentions_injection')
        // Many attacks of these two sets are plain questions that only their place makes an attack: they count little.
        .map(({ text, label }) => ({ text, label, weight: label === 1 ? 0.15 : 1 }))
    );
  });
}

const PERMISSIVE = /^\(?(?:MIT|Apache-2\.0|ISC|BSD-[23]-Clause|0BSD|MIT-0|BlueOak-1\.0\.0)\)?$/;
const CHUNK_CHARS = 1500;

/** Documentation of the installed packages under permissive licences, in pieces: honest technical prose and code. */
export function documentationExamples(folder: string, note: (name: string) => void): Example[] {
  const packages = readdirSync(folder).flatMap((name) =>
    name.startsWith('@') ? readdirSync(join(folder, name)).map((inner) => join(name, inner)) : [name],
  );
  return packages.sort().flatMap((name) => {
    const manifest = join(folder, name, 'package.json');
    if (!existsSync(manifest) || name.startsWith('@portreeve')) return [];
    const { version, license } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string; license?: string };
    if (typeof license !== 'string' || !PERMISSIVE.test(license)) return [];
    const files = readdirSync(join(folder, name)).filter((file) => /\.md$/i.test(file));
    if (files.length > 0) note(`${name} ${version} (${license})`);
    return files.flatMap((file) => {
      const text = readFileSync(join(folder, name, file), 'utf8').slice(0, 120_000);
      const pieces: Example[] = [];
      for (let at = 0; at < text.length; at += CHUNK_CHARS)
        pieces.push({ label: 0, text: text.slice(at, at + CHUNK_CHARS) });
      return pieces;
    });
  });
}

import type { Json, JsonObject, Provenance, Span, ToolContract } from '@portreeve/contract';
import { carriesAddress, isPassage } from './addresses.ts';
import { closedChoice, requestChooses, schemaAt } from './choices.ts';
import { asMoment, momentBits, readTimes, saysMoment, type Times } from './dates.ts';
import { type Budget, type Found, findInRecords, findInRequest, findTouched, isCalledId, spend } from './literal.ts';
import { type Entry, indexOf, type Leaf, placeOf, type Source } from './material.ts';
import {
  identifierOfNamed,
  isIdentifier,
  isOwnIdentifier,
  lettersOf,
  memberOfNamed,
  namedEntries,
  namedNumbers,
} from './named.ts';
import { asNumber, type Numbers, readNumbers, reckon } from './numbers.ts';
import { isCalled } from './recipients.ts';
import { valueAt } from './value-at.ts';

export type Slot = ToolContract['sinks'][number]['kind'];

/** What the values of one proposal are compared with. */
export interface Material {
  readonly sources: readonly Source[];
  /** ISO date that `today` means, where a trusted source said so. */
  readonly today: string | null;
  /** The origins of everything that whoever wrote the arguments had seen. */
  readonly seen: readonly string[];
}

/** All that is read out of the material once, for every argument of a call. */
interface Reading {
  readonly request: readonly Source[];
  readonly trusted: readonly Source[];
  readonly quarantined: readonly Source[];
  readonly untrusted: readonly Source[];
  readonly texts: readonly string[];
  readonly times: Times;
  readonly numbers: Numbers;
  readonly named: ReadonlyMap<string, readonly Entry[]>;
  readonly namedNumbers: readonly bigint[];
  readonly material: Material;
  readonly contract: ToolContract;
  readonly budget: Budget;
}

const SEARCH_CHARS_MAX = 100_000_000;

/**
 * Says of every leaf of a call where its value came from (requirement D6). A value is the requester's or a trusted
 * record's only where it stands there as a thing of its own, or follows by one of the derivations; the rest came from an
 * untrusted document, is of a bounded type, or was made by a model. A value that stands in trusted and in untrusted
 * material is trusted: the requester named it.
 */
export function traceArguments(args: JsonObject, contract: ToolContract, material: Material): Provenance[] {
  const request = material.sources.filter((source) => source.trust === 'request');
  const texts = request.flatMap((source) => indexOf(source).leaves.map((leaf) => leaf.text));
  const reading: Reading = {
    request,
    trusted: material.sources.filter((source) => source.trust === 'trusted'),
    quarantined: material.sources.filter((source) => source.trust === 'quarantined'),
    untrusted: material.sources.filter((source) => source.trust === 'untrusted'),
    texts,
    times: readTimes(texts, material.today),
    numbers: readNumbers(texts),
    named: namedEntries(material.sources, request),
    namedNumbers: namedNumbers(material.sources, request),
    material,
    contract,
    budget: { chars: SEARCH_CHARS_MAX },
  };
  const found: Provenance[] = [];
  const walk = (node: Json, path: string, key: string): void => {
    if (node === null || node === '') found.push({ path, ...ofNothing(node, path, reading) });
    else if (typeof node !== 'object') found.push({ path, ...originOf(node, path, key, reading) });
    else if (Array.isArray(node)) for (const [index, item] of node.entries()) walk(item, `${path}/${index}`, key);
    else
      for (const [name, item] of Object.entries(node)) {
        const member = `${path}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
        // A name that no schema declares was chosen by whoever wrote the arguments: it is a text like any other.
        if (!schemaAt(contract.args, member)) found.push({ path: member, ...originOf(name, member, '', reading) });
        walk(item as Json, member, name);
      }
  };
  walk(args, '', '');
  return markSplit(found, args, contract, reading);
}

/** Which sink an argument belongs to; what the contract does not place is content. */
export function slotOf(path: string, contract: ToolContract): Slot {
  const sink = contract.sinks.find((each) => path === each.path || path.startsWith(`${each.path}/`));
  return sink?.kind ?? 'payload';
}

type Origin = Omit<Provenance, 'path'>;

function originOf(value: string | number | boolean, path: string, key: string, reading: Reading): Origin {
  const slot = slotOf(path, reading.contract);
  // A closed choice stands everywhere by chance: only the request makes it.
  const choice = chosen(value, path, key, reading);
  if (choice) return choice;
  const stands = typeof value === 'boolean' ? null : fromTrusted(value, slot, key, reading);
  return stands ?? fromElsewhere(value, slot, key, reading);
}

/** What may be left out and is null is not there. An empty text is there: it blanks something. */
function ofNothing(value: null | '', path: string, { contract, material }: Reading): Origin {
  const required = Array.isArray(contract.args.required) ? contract.args.required : [];
  if (value === null && !required.includes(path.slice(1))) return { kind: 'constant', origins: [] };
  return { kind: 'model', origins: [...material.seen], carries: 'words' };
}

function fromTrusted(value: string | number, slot: Slot, key: string, reading: Reading): Origin | null {
  if (typeof value === 'string') {
    const said = findInRequest(value, reading.request, (found) => isMeant(value, found, slot, reading.contract));
    if (said) {
      return {
        kind: 'request',
        origins: ['request'],
        spans: [said.span],
        ...(said.reworded ? { derivation: 'letters' as const } : {}),
      };
    }
    const moment = asMoment(value);
    if (moment && saysMoment(moment, reading.times)) {
      return { kind: 'request', origins: ['request'], derivation: 'date', bits: momentBits(moment) };
    }
  }
  const named = fromNamed(value, slot, key, reading);
  if (named) return named;
  const number = typeof value === 'number' ? asNumber(String(value)) : null;
  if (number !== null && slot !== 'target' && !isIdentifier(key)) {
    if (reading.numbers.said.includes(number)) return { kind: 'request', origins: ['request'] };
    const reckoned = slot === 'recipient' ? null : reckon(number, reading.numbers, reading.namedNumbers);
    if (reckoned && reckoned.choices <= CHOICES_MAX) {
      return {
        kind: reading.namedNumbers.length === 0 ? 'request' : 'bounded',
        origins: ['request'],
        derivation: reckoned.derivation,
        bits: Math.ceil(Math.log2(reckoned.choices)),
      };
    }
  }
  const record = findInRecords(value, reading.trusted, reading.budget);
  if (!record) return null;
  // Where the request names somebody whom the records know, another one is nobody's wish.
  const isInstead = slot === 'recipient' && knowsSomebody(reading);
  return {
    kind: 'trusted-record',
    origins: [record.span.origin],
    spans: [record.span],
    ...(isInstead ? { carries: 'choice' as const } : {}),
  };
}

/** Whether the requester can have meant these words in this place; any word of a request stands in a request. */
function isMeant(value: string, { leaf, span }: Found, slot: Slot, contract: ToolContract): boolean {
  if (leaf.text === value || isCalled(value, leaf.text, span)) return true;
  if (slot === 'recipient') return false;
  if (slot === 'target') return isCalledId(value.toLowerCase(), leaf.text.toLowerCase(), span.start);
  // Where nothing is sent to anybody or put into anything, the text is itself what is set.
  return (contract.sinks.length > 0 || contract.effect === 'read') && /\p{L}\s+\p{L}/u.test(value);
}

const isCalledSomewhere = (title: string, { request }: Reading) =>
  findInRequest(title, request, (found) => isCalled(title, found.leaf.text, found.span)) !== null;

/** Whether a short text of a trusted record is called in the request. */
function knowsSomebody(reading: Reading): boolean {
  const texts = reading.trusted.flatMap((source) => indexOf(source).leaves).filter((leaf) => leaf.text.length <= 120);
  return texts.some(
    (leaf) =>
      typeof leaf.value === 'string' &&
      spend(reading.budget, leaf.text.length) &&
      findInRequest(leaf.value, reading.request, (found) => isCalled(leaf.text, found.leaf.text, found.span)) !== null,
  );
}

/** Reckonings that could give more numbers than these are no reckoning any more, but a free choice. */
const CHOICES_MAX = 64;

/** A member of a record that the request names: of a trusted one any member, of another its identifier alone. */
function fromNamed(value: string | number, slot: Slot, key: string, reading: Reading): Origin | null {
  const refers = slot === 'target' || (slot === 'payload' && isIdentifier(key));
  const isOwn = (each: Leaf) => isOwnIdentifier(each.key) || lettersOf(each.key) === lettersOf(key);
  const leaf = refers
    ? identifierOfNamed(value, reading.named, (each) => isIdentifier(each.key) && isOwn(each))
    : memberOfNamed(value, reading.named, (title) => isCalledSomewhere(title, reading));
  if (!leaf) return null;
  const spans: Span[] = [{ ...placeOf(leaf), start: 0, end: leaf.text.length }];
  const kind = leaf.source.trust === 'trusted' ? 'trusted-record' : 'untrusted-document';
  return { kind, origins: originsOf(spans, reading), spans, derivation: 'named-record' };
}

function chosen(value: string | number | boolean, path: string, key: string, reading: Reading): Origin | null {
  const { contract } = reading;
  const choice = closedChoice(schemaAt(contract.args, path), value, contract.args);
  if (!choice) return null;
  if (requestChooses(value, choice.members, key, reading.texts)) {
    return { kind: 'request', origins: ['request'], derivation: 'choice', bits: choice.bits };
  }
  return { kind: 'bounded', origins: [...reading.material.seen], bits: choice.bits, carries: 'choice' };
}

function fromElsewhere(value: string | number | boolean, slot: Slot, key: string, reading: Reading): Origin {
  const answer = findInRecords(value, reading.quarantined, reading.budget);
  if (answer) {
    const { source } = answer.leaf;
    return { kind: 'bounded', origins: [source.origin], spans: [answer.span], bits: source.bits ?? 0 };
  }
  const text = String(value);
  const spans = findTouched(text, reading.untrusted, reading.budget);
  const moment = typeof value === 'string' ? asMoment(value) : null;
  if (moment && slot === 'payload') {
    return { kind: 'bounded', origins: originsOf(spans, reading), ...passages(spans), bits: momentBits(moment) };
  }
  return {
    kind: spans.length > 0 ? 'untrusted-document' : 'model',
    origins: originsOf(spans, reading),
    ...passages(spans),
    ...(slot === 'payload' ? { carries: carriedBy(value, key) } : {}),
  };
}

const passages = (spans: Span[]) => (spans.length > 0 ? { spans } : {});
const originsOf = (spans: readonly Span[], { material }: Reading) =>
  spans.length > 0 ? [...new Set(spans.map((span) => span.origin))] : [...material.seen];

function carriedBy(value: string | number | boolean, key: string): NonNullable<Provenance['carries']> {
  if (typeof value !== 'string' || isIdentifier(key) || !/\p{L}/u.test(value) || carriesAddress(value))
    return 'address';
  return isPassage(value) ? 'passage' : 'words';
}

/** An address that is split over the arguments of one call is none in any of them, and one in all of them together. */
function markSplit(found: Provenance[], args: JsonObject, contract: ToolContract, reading: Reading): Provenance[] {
  const parts = found.filter((leaf) => leaf.carries === 'words' || leaf.carries === 'passage');
  if (parts.length < 2) return found;
  const texts = parts.map((leaf) => String(valueAt(args, leaf.path)));
  const joined = texts.slice(1).some((text, index) => {
    const [before, after] = [texts[index]!.split(/\s/).at(-1)!, text.split(/\s/)[0]!];
    return carriesAddress(before + after) || carriesAddress(after + before);
  });
  const spans = findTouched(texts.join(''), reading.untrusted, reading.budget);
  if (!joined && spans.length === 0) return found;
  const isPart = new Set(parts);
  return found.map((leaf) => {
    if (!isPart.has(leaf) || slotOf(leaf.path, contract) !== 'payload') return leaf;
    const touched = leaf.kind === 'model' && spans.length > 0;
    return {
      ...leaf,
      ...(touched
        ? {
            kind: 'untrusted-document' as const,
            spans,
            origins: originsOf(spans, reading),
            derivation: 'split' as const,
          }
        : {}),
      ...(joined ? { carries: 'address' as const } : {}),
    };
  });
}

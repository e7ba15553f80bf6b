import {
  assertJson,
  BOTTOM,
  capacityBits,
  type JsonObject,
  join,
  type Label,
  PortreeveError,
  type Provenance,
  type ToolContract,
} from '@portreeve/contract';
import { foldForTouch, foldForTrust } from '../provenance/fold.ts';
import { countMentions } from '../provenance/literal.ts';
import { indexOf, type Source } from '../provenance/material.ts';
import { type Material, slotOf, traceArguments } from '../provenance/trace.ts';
import { valueAt } from '../provenance/value-at.ts';
import { allows, isNarrower, NO_INTENT, parseIntent } from './intent.ts';
import { nextSessionState } from './states.ts';
import type { Observation, Session, SessionSnapshot } from './types.ts';

export const SESSION_LIMITS = { observations: 1000, chars: 2 * 1024 * 1024 } as const;

/** Opens a session for a request. `request` is what a signed-in person wrote, or their client on their behalf. */
export function openSession(request: JsonObject): Session {
  assertJson(request);
  return restoreSession({
    state: 'open',
    request,
    today: null,
    sources: [{ origin: 'request', trust: 'request', value: request, structured: false }],
    influence: { ...BOTTOM, origins: ['request'] },
    intent: NO_INTENT,
    uses: [],
    quarantined_bits: 0,
    written: [],
    served: [],
  });
}

export function restoreSession(from: SessionSnapshot): Session {
  let now: SessionSnapshot = from;
  const move = (event: Parameters<typeof nextSessionState>[1]) => {
    now = { ...now, state: nextSessionState(now.state, event) };
  };
  const material = (): Material => ({
    sources: now.sources,
    today: now.today,
    seen: now.influence.origins,
  });

  /** INVARIANT: clean only where its tool returns nothing untrusted and nothing untrusted went in or came back. */
  function isClean({ contract, args, output }: Observation): boolean {
    if (contract.returns === undefined || contract.returns === 'untrusted') return false;
    if (now.state === 'tainted' && traceArguments(args, contract, material()).some(isOfNobody)) return false;
    const text = foldForTouch(JSON.stringify(output)).text;
    return !now.written.some((written) => text.includes(written));
  }

  /** Every argument, and one at least, is a phrase of the request. */
  function isAsked({ contract, args }: Observation): boolean {
    const leaves = traceArguments(args, contract, material()).filter((leaf) => leaf.kind !== 'constant');
    const isPhrase = (leaf: Provenance) => String(valueAt(args, leaf.path)).length >= QUESTION_CHARS_MIN;
    return leaves.every((leaf) => leaf.kind === 'request') && leaves.some((leaf) => leaf.spans && isPhrase(leaf));
  }

  /**
   * A recipient whom the request names once is named for one purpose: a second tool that reaches them is not foreseen,
   * unless the request names them again.
   */
  function isOverused(contract: ToolContract, args: JsonObject, provenance: readonly Provenance[]): boolean {
    const request = now.sources.filter((source) => source.trust === 'request');
    return recipientsOf(contract, args, provenance).some((recipient) => {
      const tools = new Set(now.served.flatMap(([who, tool]) => (who === recipient ? [tool] : [])));
      return tools.add(contract.name).size > Math.max(1, countMentions(recipient, request));
    });
  }

  function keep(source: Source, secrecy: Observation['secrecy']): void {
    assertJson(source.value);
    const chars = now.sources.reduce((sum, each) => sum + charsOf(each), charsOf(source));
    if (now.sources.length >= SESSION_LIMITS.observations || chars > SESSION_LIMITS.chars) {
      throw new PortreeveError('bad_input', 'The session has read more than it can keep.', {
        next: 'Open a new session.',
      });
    }
    const label: Label = {
      integrity: source.trust === 'untrusted' ? 'untrusted' : 'trusted',
      confidentiality: secrecy?.confidentiality ?? 'internal',
      categories: secrecy?.categories ?? [],
      origins: [source.origin],
    };
    const iso = typeof source.value === 'string' ? /^\d{4}-\d{2}-\d{2}$/.exec(source.value.trim()) : null;
    now = {
      ...now,
      sources: [...now.sources, source],
      influence: join(now.influence, label),
      today: source.trust === 'trusted' && iso ? iso[0] : now.today,
    };
  }

  return {
    state: () => now.state,
    intent: () => now.intent,

    declare(wish) {
      const intent = parseIntent(wish);
      move('declare');
      now = { ...now, intent };
    },

    narrow(wish) {
      const intent = parseIntent(wish);
      if (now.uses.some(([, call]) => call !== null)) {
        throw new PortreeveError('conflict', 'An intent that is in use is narrowed by using less of it.');
      }
      if (!isNarrower(intent, now.intent)) {
        throw new PortreeveError('conflict', 'This intent allows more than the one before.', {
          next: 'Ask a person to widen it, or submit the action: a person is asked then.',
        });
      }
      move('narrow');
      now = { ...now, intent };
    },

    widen(wish, by) {
      const more = parseIntent(wish);
      if (by.kind !== 'person' || by.act.length > 0) {
        throw new PortreeveError('refused', 'An intent is widened by a person, not by an agent for them.');
      }
      move('widen');
      now = { ...now, intent: { calls: [...now.intent.calls, ...more.calls] } };
    },

    observe(observation) {
      const clean = isClean(observation);
      const asked = isAsked(observation);
      const { contract, output, pieces = [] } = observation;
      move(clean ? 'read_trusted' : 'read_untrusted');
      keep(
        {
          origin: `${contract.name}#${now.sources.length}`,
          trust: clean ? 'trusted' : 'untrusted',
          value: output,
          structured: typeof output === 'object' && output !== null && isStructured(contract.result),
          asked,
          ...(pieces.length > 0 ? { pieces } : {}),
        },
        observation.secrecy,
      );
    },

    observeQuarantined({ origin, schema, value }) {
      const bits = capacityBits(schema);
      move(bits === null ? 'read_untrusted' : 'read_trusted');
      // Without a bound it is free text, whoever wrote it down.
      const trust = bits === null ? 'untrusted' : 'quarantined';
      keep({ origin, trust, value, structured: false, ...(bits === null ? {} : { bits }) }, undefined);
      now = { ...now, quarantined_bits: now.quarantined_bits + (bits ?? 0) };
    },

    judge(id, contract, args) {
      move('act');
      const provenance = traceArguments(args, contract, material());
      let call = now.uses.find(([used]) => used === id)?.[1];
      if (call === undefined) {
        call = foreseenBy(now, contract, args);
        now = { ...now, uses: [...now.uses, [id, call]] };
      }
      const needsIntent = contract.effect !== 'read' || contract.egress === true;
      return {
        provenance,
        influence: { ...now.influence, categories: [...now.influence.categories], origins: [...now.influence.origins] },
        intent: !needsIntent || (call !== null && !isOverused(contract, args, provenance)) ? 'foreseen' : 'unforeseen',
        quarantined_bits: now.quarantined_bits,
      };
    },

    settle({ id, args, provenance }, contract, outcome) {
      if (outcome === 'nothing') {
        now = { ...now, uses: now.uses.filter(([used]) => used !== id) };
        return;
      }
      if (contract.effect === 'read') return;
      const written = provenance.filter(isOfNobody).flatMap((leaf) => {
        const folded = foldForTouch(String(valueAt(args, leaf.path))).text;
        return folded.length >= WRITTEN_CHARS_MIN && slotOf(leaf.path, contract) !== 'target' ? [folded] : [];
      });
      const served = recipientsOf(contract, args, provenance).map((who) => [who, contract.name] as const);
      now = { ...now, written: [...new Set([...now.written, ...written])], served: [...now.served, ...served] };
    },

    close: () => move('close'),
    snapshot: () => now,
  };
}

/** Shorter questions find by chance. */
const QUESTION_CHARS_MIN = 8;
/** Shorter values come back by chance. */
const WRITTEN_CHARS_MIN = 4;

/** Neither the requester's, nor a trusted record's, nor nothing at all. */
const isOfNobody = (leaf: Provenance) =>
  leaf.kind === 'untrusted-document' || leaf.kind === 'model' || leaf.carries !== undefined;

const recipientsOf = (contract: ToolContract, args: JsonObject, provenance: readonly Provenance[]) =>
  provenance
    .filter((leaf) => leaf.kind === 'request' && slotOf(leaf.path, contract) === 'recipient')
    .map((leaf) => foldForTrust(String(valueAt(args, leaf.path))).text);

function foreseenBy(now: SessionSnapshot, contract: ToolContract, args: JsonObject): number | null {
  const left = now.intent.calls.map((call, index) => call.times - now.uses.filter(([, used]) => used === index).length);
  const fitting = now.intent.calls
    .map((call, index) => ({ call, index }))
    .filter(({ call, index }) => left[index]! > 0 && allows(call, contract, args))
    // The one that says most is used first, so that the others stay free.
    .sort((a, b) => Object.keys(b.call.values ?? {}).length - Object.keys(a.call.values ?? {}).length);
  return fitting[0]?.index ?? null;
}

/** A system composes its answer where the contract says that it is an object or a list. */
function isStructured(result: JsonObject): boolean {
  return result.type === 'object' || result.type === 'array';
}

const charsOf = (source: Source) => indexOf(source).leaves.reduce((sum, leaf) => sum + leaf.text.length, 0);

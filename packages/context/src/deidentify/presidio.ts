import { PortreeveError } from '@portreeve/contract';
import { type Dispatcher, request as httpRequest } from 'undici';
import { z } from 'zod';
import type { PersonalRecogniser } from './detect-personal.ts';
import { type PersonalKind, type PersonalSpan, span } from './kinds.ts';

export interface PresidioOptions {
  /** The analyzer's base address, without `/analyze`. */
  readonly url: string;
  /** Makes the connection; the server passes its egress guard. */
  readonly dispatcher: Dispatcher;
  readonly timeoutMs: number;
  /** ISO 639-1, as the analyzer is set up. */
  readonly language: string;
  /** Finds below this are left out: 0 to 1. */
  readonly scoreMin: number;
}

const TEXT_CHARS_MAX = 200_000;
const ANSWER_BYTES_MAX = 4 * 1024 * 1024;
const answerSchema = z
  .array(z.object({ entity_type: z.string().max(64), start: z.int().min(0), end: z.int().min(0), score: z.number() }))
  .max(50_000);

/** Presidio's names for what we know; others of its finds are not personal data in our sense, or nothing we can keep. */
const KINDS: Readonly<Record<string, PersonalKind>> = {
  PERSON: 'name',
  EMAIL_ADDRESS: 'email',
  PHONE_NUMBER: 'phone',
  CREDIT_CARD: 'card',
  IBAN_CODE: 'iban',
  IP_ADDRESS: 'ip_address',
  MAC_ADDRESS: 'mac_address',
  URL: 'url',
  DOMAIN_NAME: 'domain',
  CRYPTO: 'crypto_wallet',
  LOCATION: 'address',
  STREET_ADDRESS: 'address',
  US_BANK_NUMBER: 'account_number',
  US_SSN: 'national_id',
  US_ITIN: 'national_id',
  US_PASSPORT: 'national_id',
  US_DRIVER_LICENSE: 'national_id',
  UK_NHS: 'national_id',
  UK_NINO: 'national_id',
  ES_NIF: 'national_id',
  ES_NIE: 'national_id',
  IT_FISCAL_CODE: 'national_id',
  IT_DRIVER_LICENSE: 'national_id',
  IT_PASSPORT: 'national_id',
  IT_IDENTITY_CARD: 'national_id',
  PL_PESEL: 'national_id',
  SG_NRIC_FIN: 'national_id',
  AU_TFN: 'national_id',
  AU_MEDICARE: 'national_id',
  IN_PAN: 'national_id',
  IN_AADHAAR: 'national_id',
  IN_PASSPORT: 'national_id',
  FI_PERSONAL_IDENTITY_CODE: 'national_id',
  MEDICAL_LICENSE: 'national_id',
};

/**
 * Microsoft Presidio's analyzer over HTTP (`POST /analyze`). Its offsets count code points and come back as UTF-16
 * units. No redirects; text, answer and time are bounded. Throws `unavailable` where there is no answer that can be
 * understood: a text that was not looked at is not clean.
 */
export function presidioRecogniser({
  url,
  dispatcher,
  timeoutMs,
  language,
  scoreMin,
}: PresidioOptions): PersonalRecogniser {
  const target = new URL('analyze', url.endsWith('/') ? url : `${url}/`);
  return {
    async recognise(text) {
      if (text.length > TEXT_CHARS_MAX) throw unavailable(`takes at most ${TEXT_CHARS_MAX} characters`);
      const signal = AbortSignal.timeout(timeoutMs);
      let answer: unknown;
      try {
        const { statusCode, body } = await httpRequest(target, {
          dispatcher,
          method: 'POST',
          headers: { 'content-type': 'application/json', accept: 'application/json', 'accept-encoding': 'identity' },
          body: JSON.stringify({ text: text.toWellFormed(), language, score_threshold: scoreMin }),
          signal,
        });
        const chunks: Uint8Array[] = [];
        let size = 0;
        for await (const chunk of body as AsyncIterable<Uint8Array>) {
          size += chunk.length;
          if (size > ANSWER_BYTES_MAX) throw new RangeError('the answer is too long');
          chunks.push(chunk);
        }
        if (statusCode !== 200) throw new RangeError(`status ${statusCode}`);
        answer = JSON.parse(Buffer.concat(chunks).toString('utf8'));
      } catch (cause) {
        throw unavailable(signal.aborted ? `did not answer within ${timeoutMs} ms` : 'gave no answer', cause);
      }
      const parsed = answerSchema.safeParse(answer);
      if (!parsed.success) throw unavailable('gave an answer of another form', parsed.error);
      return spansOf(text, parsed.data, scoreMin);
    },
  };
}

function spansOf(text: string, finds: z.infer<typeof answerSchema>, scoreMin: number): PersonalSpan[] {
  const offsets = [0];
  for (const character of text) offsets.push(offsets.at(-1)! + character.length);
  return finds.flatMap(({ entity_type, start, end, score }) => {
    const kind = KINDS[entity_type];
    if (kind === undefined || score < scoreMin) return [];
    const from = offsets[start];
    const to = offsets[end];
    if (from === undefined || to === undefined || to <= from) throw unavailable('named a place outside of the text');
    return [span(kind, score >= 0.99 ? 'verified' : 'context', from, to, `presidio-${entity_type.toLowerCase()}`)];
  });
}

function unavailable(what: string, cause?: unknown): PortreeveError {
  return new PortreeveError('unavailable', `The Presidio analyzer ${what}.`, {
    next: 'Look at the analyzer; until it answers, nothing is taken for free of personal data.',
    ...(cause === undefined ? {} : { cause }),
  });
}

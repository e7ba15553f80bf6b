import {
  type Evidence,
  idSchema,
  jsonObjectSchema,
  jsonSchema,
  Labelled,
  labelSchema,
  NotCanonical,
  nameSchema,
  PortreeveError,
  provenanceSchema,
  type Quarantine,
} from '@portreeve/contract';
import { z } from 'zod';
import { intentSchema } from '../session/intent.ts';
import { restoreSession } from '../session/session.ts';
import { SESSION_STATES } from '../session/states.ts';
import type { SessionSnapshot } from '../session/types.ts';
import type { Wish } from '../wish.ts';
import { argumentsFrom, labelledFrom, labelledMessage, labelledSchema, treeMessage, treeSchema } from './tree.ts';

const sessionSchema = z.strictObject({
  state: z.enum(SESSION_STATES),
  request: jsonObjectSchema,
  today: z.string().max(64).nullable(),
  sources: z
    .array(
      z.strictObject({
        origin: z.string().max(300),
        trust: z.enum(['request', 'trusted', 'quarantined', 'untrusted']),
        value: jsonSchema,
        structured: z.boolean(),
        asked: z.boolean().optional(),
        bits: z.int().min(0).optional(),
        pieces: z
          .array(
            z.strictObject({
              id: idSchema('evidence'),
              at: z.string().max(512),
              within: z.string().max(512).optional(),
            }),
          )
          .max(10_000)
          .optional(),
      }),
    )
    .max(1001),
  influence: labelSchema,
  intent: intentSchema,
  uses: z.array(z.tuple([z.string().max(128), z.int().min(0).nullable()])).max(10_000),
  quarantined_bits: z.number().min(0),
  written: z.array(z.string()).max(10_000),
  served: z.array(z.tuple([z.string(), z.string()])).max(10_000),
});

/**
 * What a run that is carried out in another process tells the gate of a wish. What the gate knows itself is not in it: who
 * asked, for what, by which release and under which rules stand in the run, and what the tool is, in the release.
 */
export const wishMessageSchema = z.strictObject({
  tool: nameSchema,
  args: treeSchema,
  rationale: z.string(),
  evidence: labelledSchema.nullable(),
  /** Of an agent alone. */
  said: z.strictObject({ value: z.string(), label: labelSchema }).optional(),
  shown: z.array(idSchema('evidence')).max(10_000).optional(),
  session: sessionSchema.nullable(),
  quarantine: z
    .strictObject({
      answers: z
        .array(z.strictObject({ id: z.string().max(16), answer: labelledSchema, schema: jsonObjectSchema }))
        .max(1000),
      planned: z
        .array(z.strictObject({ answer: labelledSchema, handles: z.array(z.string().max(400)).max(1000) }))
        .max(1000),
      bits: z.number().min(0).nullable(),
    })
    .nullable(),
  seen: z.array(labelSchema).max(10_000),
  unreviewed: z.array(z.string().max(200)).max(1000),
  stoodFor: z.array(provenanceSchema).max(1000),
  injection: z.int().min(0).max(1000),
});
export type WishMessage = z.infer<typeof wishMessageSchema>;

/** What the gate knows of a run's wish by itself. */
export type KnownOfWish = Omit<
  Wish,
  | 'args'
  | 'rationale'
  | 'evidence'
  | 'said'
  | 'shown'
  | 'session'
  | 'quarantine'
  | 'seen'
  | 'unreviewed'
  | 'stoodFor'
  | 'injection'
>;

/** The wish as a message. Throws `bad_input` where its arguments have no faithful form. */
export function wishMessage(wish: Wish): WishMessage {
  const { session, quarantine } = wish;
  try {
    const message: Unread<WishMessage> = {
      tool: wish.contract.name,
      args: treeMessage(wish.args, rootsOf(quarantine)),
      rationale: wish.rationale,
      evidence: wish.evidence && labelledMessage(wish.evidence),
      ...(wish.said ? { said: labelledMessage(wish.said) as NonNullable<WishMessage['said']> } : {}),
      ...(wish.shown ? { shown: wish.shown } : {}),
      session: session ? snapshotOf(session) : null,
      quarantine: quarantine
        ? {
            answers: quarantine.answers.map((each) => ({ ...each, answer: labelledMessage(each.answer) })),
            planned: quarantine.planned.map((each) => ({ ...each, answer: labelledMessage(each.answer) })),
            bits: quarantine.bits,
          }
        : null,
      seen: wish.seen ?? [],
      unreviewed: wish.unreviewed ?? [],
      stoodFor: wish.stoodFor,
      injection: wish.injection,
    };
    // As it will arrive: without members that are undefined.
    return JSON.parse(JSON.stringify(message)) as WishMessage;
  } catch (error) {
    if (!(error instanceof NotCanonical)) throw error;
    const detail = `The arguments of ${wish.contract.name} have no faithful form: ${error.message}.`;
    throw new PortreeveError('bad_input', detail);
  }
}

/** A message before it is written: nobody changes what it is made of. */
type Unread<T> = T extends readonly (infer Item)[]
  ? readonly Unread<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: Unread<T[Key]> }
    : T;

function snapshotOf(session: NonNullable<Wish['session']>): SessionSnapshot {
  if (!session.snapshot) throw new TypeError('a wish whose session cannot be sent is submitted where it lives');
  return session.snapshot();
}

/** What parts of answers are named by: their place in this list, which both sides make alike. */
const rootsOf = (quarantine: Pick<Quarantine, 'answers' | 'planned'> | undefined): readonly Labelled<unknown>[] =>
  [...(quarantine?.answers ?? []), ...(quarantine?.planned ?? [])].map(({ answer }) => answer);

/** The wish that a message stands for. Throws `bad_input` where it is none. */
export function wishFrom(message: unknown, known: KnownOfWish): Wish {
  const parsed = wishMessageSchema.safeParse(message);
  if (!parsed.success) throw new PortreeveError('bad_input', 'This is no wish of a run.');
  const { tool, args, evidence, said, shown, session, quarantine, ...rest } = parsed.data;
  if (tool !== known.contract.name) throw new TypeError('the wish is for another tool than was looked up');
  const answers = (quarantine?.answers ?? []).map((each) => ({ ...each, answer: labelledFrom(each.answer) }));
  const planned = (quarantine?.planned ?? []).map((each) => ({ ...each, answer: labelledFrom(each.answer) }));
  return {
    ...known,
    ...rest,
    args: argumentsFrom(args, rootsOf({ answers, planned })),
    evidence: evidence && (labelledFrom(evidence) as unknown as Labelled<readonly Evidence[]>),
    ...(said ? { said: new Labelled(said.value, said.label) } : {}),
    ...(shown ? { shown } : {}),
    ...(session ? { session: restoreSession(session as unknown as SessionSnapshot) } : {}),
    ...(quarantine ? { quarantine: { answers, planned, bits: quarantine.bits } as Quarantine } : {}),
  };
}

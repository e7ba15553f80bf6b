import {
  compileSchema,
  type Json,
  type JsonObject,
  type SourceContract,
  type WorkflowDefinition,
} from '@portreeve/contract';
import type { Attacker } from './attacker.ts';
import { CARRIERS, type GivenFile } from './carriers.ts';
import type { Choices } from './choices.ts';
import type { HonestCase } from './pack.ts';
import type { Place } from './places.ts';
import { sampleOf } from './sample.ts';
import { withText } from './text-leaves.ts';

/** All that a workflow meets in one attempt: what it is asked, what its sources give, what its tools answer. */
export interface Stage {
  readonly requester: HonestCase['requester'];
  readonly input: JsonObject;
  readonly files: Readonly<Record<string, GivenFile>>;
  readonly results: Readonly<Record<string, JsonObject>>;
  /** What a person answers to a question that is handed over, by prompt. */
  readonly answers: Readonly<Record<string, JsonObject>>;
}

const UNDECLARED = 'portreeve_redteam_undeclared';
/** A field shorter than this holds no canary beside what it says. */
const CANARY_CHARS_MIN = 40;

/** The canary of a source, by its place among the declared ones: so it is known whose data has left. */
export const canaryOf = ({ canary }: Pick<Attacker, 'canary'>, source: number): string => `${canary}-${source}`;

/** Honest results of the tools: those of the case, else what their result schemas allow. */
export function honestResults(
  { tools }: WorkflowDefinition,
  honest: HonestCase,
  choose: Choices,
): Readonly<Record<string, JsonObject>> {
  return Object.fromEntries(
    tools.map(({ name, result }) => [
      name,
      honest.tools[name] ?? (sampleOf(result, choose, `the result of ${name}`) as JsonObject),
    ]),
  );
}

/**
 * Sets the stage: the honest case with its canaries, and a text put into one place. Gives `null` where the place cannot hold
 * the text, as where a tool’s result would no longer fit its schema.
 */
export function setStage(
  definition: WorkflowDefinition,
  honest: HonestCase,
  results: Readonly<Record<string, JsonObject>>,
  attacker: Pick<Attacker, 'canary' | 'undeclared'>,
  put: { readonly place: Place; readonly text: string } | null,
): Stage | null {
  const files = definition.sources.map((source, index) => {
    const canaries = { canary: canaryOf(attacker, index), undeclared: attacker.undeclared };
    const here = put && put.place.source === source.name ? put : null;
    return [
      source.name,
      source.form === 'document' ? document(honest, source, canaries, here) : records(honest, source, canaries, here),
    ];
  });
  const stage = {
    requester: honest.requester,
    input: honest.input,
    files: Object.fromEntries(files) as Record<string, GivenFile>,
    results,
    answers: honest.answers,
  };
  if (put?.place.in === 'result') return inResult(definition, stage, put.place, put.text);
  if (put?.place.in === 'input') return inInput(definition, stage, put.place.member, put.text);
  return stage;
}

function records(
  honest: HonestCase,
  { name, fields }: SourceContract,
  { canary, undeclared }: Pick<Attacker, 'canary' | 'undeclared'>,
  put: { readonly place: Place; readonly text: string } | null,
): GivenFile {
  const given = honest.sources[name];
  const plain = Object.fromEntries(fields.map((field) => [field.name, 'plain work'.slice(0, field.max_chars)]));
  const items: JsonObject[] = given && 'items' in given ? [...given.items] : [plain, plain];
  const [first] = items;
  const roomy = [...fields].sort((a, b) => b.max_chars - a.max_chars)[0];
  const all: JsonObject[] = items.map((item) => ({ ...item, [UNDECLARED]: undeclared }));
  if (first && roomy && roomy.max_chars >= CANARY_CHARS_MIN)
    all[0] = { ...all[0], [roomy.name]: `${said(first[roomy.name])} ${canary}`.trim() };
  if (put?.place.in === 'records') {
    const { field } = put.place;
    all.push({ ...(first ?? plain), [field]: `${said(first?.[field])} ${put.text}`.trim(), [UNDECLARED]: undeclared });
  }
  const lines = all.map((item) => JSON.stringify(item));
  return { name: `${name}.jsonl`, media_type: 'application/x-ndjson', text: `${lines.join('\n')}\n` };
}

const said = (value: Json | undefined): string => (value === undefined || value === null ? '' : String(value));

const PLAIN_DOCUMENT = 'Hello,\n\nplease have a look at this when you can.\n\nThank you.';

function document(
  honest: HonestCase,
  { name }: SourceContract,
  { canary }: Pick<Attacker, 'canary'>,
  put: { readonly place: Place; readonly text: string } | null,
): GivenFile {
  const given = honest.sources[name];
  const text = `${given && 'text' in given ? given.text : PLAIN_DOCUMENT}\n\nReference ${canary}`;
  if (put?.place.in === 'document') return put.place.carrier.write(text, put.text);
  const type = given && 'text' in given ? given.media_type : undefined;
  const carrier = CARRIERS.find(
    ({ kind, media_type }) => kind === 'text' && (type === undefined || media_type === type),
  );
  return carrier!.write(text, 'With kind regards');
}

function inResult(
  { tools }: WorkflowDefinition,
  stage: Stage,
  place: Extract<Place, { in: 'result' }>,
  text: string,
): Stage | null {
  const tool = tools.find(({ name }) => name === place.source);
  const honest = stage.results[place.source];
  if (!tool || !honest) return null;
  const result = withText(honest, place.path, (before) => `${before} ${text}`);
  if (compileSchema(tool.result)(result).length > 0) return null;
  return { ...stage, results: { ...stage.results, [place.source]: result } };
}

function inInput({ contract }: WorkflowDefinition, stage: Stage, member: string, text: string): Stage | null {
  const input = { ...stage.input, [member]: `${said(stage.input[member])} ${text}`.trim() };
  return compileSchema(contract.input)(input).length > 0 ? null : { ...stage, input };
}

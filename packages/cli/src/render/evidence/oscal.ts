import { createHash } from 'node:crypto';
import {
  canonicalJson,
  type EvidenceAnswer,
  type EvidenceControl,
  type EvidenceReport,
  type JsonObject,
} from '@portreeve/contract';

/** The release of OSCAL whose assessment-results model this is. */
const OSCAL_VERSION = '1.1.3';
const NAMESPACE = 'https://portreeve.dev/ns/oscal';

/**
 * A report as OSCAL assessment results: an observation for each fact of each control, and a finding for each control.
 * `satisfied` says that records show every fact, and no more: a remark says so, too. Equal reports give equal documents.
 */
export function oscalOf(report: EvidenceReport): JsonObject {
  const root = createHash('sha256')
    .update(canonicalJson(report as unknown as JsonObject))
    .digest();
  const uuid = (...name: string[]) => uuidOf(root, name.join('\n'));
  const { framework, title, made_at, span, controls, portreeve } = report;
  const plan = uuid('plan');
  return {
    'assessment-results': {
      uuid: uuid('document'),
      metadata: {
        title: `Evidence for ${title}, from the record of Portreeve`,
        'last-modified': made_at,
        version: made_at,
        'oscal-version': OSCAL_VERSION,
        props: [prop('framework', framework), prop('portreeve-version', portreeve)],
      },
      'import-ap': { href: `#${plan}` },
      results: [
        {
          uuid: uuid('result'),
          title: `What the record shows, ${span.from} to ${span.to}`,
          description:
            'Each observation is the answer of the record to one question. Whether a control is met is for who assesses it.',
          start: span.from,
          end: span.to,
          'reviewed-controls': {
            'control-selections': [
              { 'include-controls': controls.map(({ id }) => ({ 'control-id': controlToken(id) })) },
            ],
          },
          observations: controls.flatMap((control) =>
            control.answers.map((answer) => observation(uuid, control, answer, report)),
          ),
          findings: controls.map((control) => finding(uuid, control)),
          ...(report.remarks.length > 0 ? { remarks: report.remarks.join('\n') } : {}),
        },
      ],
      'back-matter': {
        resources: [
          {
            uuid: plan,
            title: 'No assessment plan',
            description: 'This report was made from the record, by a mapping of controls to facts, and not by a plan.',
          },
        ],
      },
    },
  };
}

type Uuid = (...name: string[]) => string;

function observation(uuid: Uuid, control: EvidenceControl, answer: EvidenceAnswer, report: EvidenceReport): JsonObject {
  return {
    uuid: uuid('observation', control.id, answer.fact),
    title: answer.fact,
    description: answer.text,
    props: [prop('fact-state', answer.state)],
    methods: ['EXAMINE'],
    ...(answer.records.length === 0
      ? {}
      : {
          'relevant-evidence': answer.records.map((place) => ({
            description: `Record ${place} of the log; its proof is in the JSON form of this report.`,
            props: [prop('record-place', place)],
          })),
        }),
    collected: report.made_at,
  };
}

function finding(uuid: Uuid, control: EvidenceControl): JsonObject {
  const { id, title, state, answers, beyond, edition, source } = control;
  const related = answers.map(({ fact }) => ({ 'observation-uuid': uuid('observation', id, fact) }));
  return {
    uuid: uuid('finding', id),
    title: `${id} ${title}`,
    description: `${edition}. Source: ${source}.`,
    props: [prop('control-state', state)],
    target: {
      type: 'objective-id',
      'target-id': controlToken(id),
      status: { state: state === 'shown' ? 'satisfied' : 'not-satisfied', reason: 'other' },
      remarks: beyond ?? 'The record shows or does not show it; it does not say that the control is met.',
    },
    ...(related.length > 0 ? { 'related-observations': related } : {}),
  };
}

const prop = (name: string, value: string): JsonObject => ({ name, ns: NAMESPACE, value });

/** An id as an OSCAL token, and, of SP 800-53, as its catalogue has it: `AC-3(2)` is `ac-3.2`. */
export function controlToken(id: string): string {
  return id
    .toLowerCase()
    .replace(/^art\. /, 'art-')
    .replaceAll('(', '.')
    .replaceAll(')', '')
    .replace(/[^a-z0-9._-]+/g, '-');
}

/** RFC 9562 version 5: from a name within a space, so that the same report has the same ids. */
function uuidOf(space: Uint8Array, name: string): string {
  const bytes = createHash('sha1').update(space).update(name).digest().subarray(0, 16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x50;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

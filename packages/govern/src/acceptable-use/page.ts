import {
  ACCEPTABLE_USE_ANCHORS,
  type AcceptableUseAnchor,
  type Boundaries,
  type SourceContract,
  type ToolContract,
  type WorkflowContract,
} from '@portreeve/contract';
import { readSections, type WrittenSections } from './read-sections.ts';

/** One paragraph of the page; refusals link to its anchor. */
export interface AcceptableUseSection {
  readonly anchor: AcceptableUseAnchor;
  readonly title: string;
  /** Plain text, a paragraph or a point each. */
  readonly lines: readonly string[];
}

interface Declared {
  readonly contract: WorkflowContract;
  readonly tools: readonly ToolContract[];
  readonly sources: readonly SourceContract[];
  /** The text of `ACCEPTABLE_USE.md`; null without one. */
  readonly acceptable_use: string | null;
}

/**
 * What a workflow may be used for, as a page for its users (requirement A5): from its declarations, with what its owners have
 * written in `ACCEPTABLE_USE.md`. Every anchor has its section, so that a link from a refusal always leads somewhere.
 */
export function acceptableUsePage(declared: Declared): AcceptableUseSection[] {
  const written = declared.acceptable_use === null ? {} : readSections(declared.acceptable_use);
  return ACCEPTABLE_USE_ANCHORS.map((anchor) => ({ anchor, ...SECTIONS[anchor](declared, written) }));
}

type Section = (declared: Declared, written: WrittenSections) => Omit<AcceptableUseSection, 'anchor'>;

const askOwner = ({ contract }: Declared) => [
  `Nobody has written this down: ask ${contract.owners.business} before you use it.`,
];

/** Total: an anchor without a section breaks compilation. */
const SECTIONS: Readonly<Record<AcceptableUseAnchor, Section>> = {
  purpose: ({ contract }) => ({ title: 'What it is for', lines: [contract.purpose, `Its risk is ${contract.tier}.`] }),
  approved: (declared, { approved }) => ({ title: 'Approved', lines: approved ?? askOwner(declared) }),
  prohibited: (declared, { prohibited }) => ({ title: 'Not approved', lines: prohibited ?? askOwner(declared) }),
  scope: ({ contract, sources }) => ({
    title: 'What it may touch',
    lines: [
      ...sources.map(
        ({ title, integrity, confidentiality, categories }) =>
          `It reads: ${title} (${[confidentiality, ...categories].join(', ')}; ${integrity}).`,
      ),
      ...(sources.length === 0 ? ['It reads nothing.'] : []),
      contract.scope.prompts.length === 0
        ? 'It asks no model.'
        : `It asks a model ${contract.scope.prompts.length === 1 ? 'one question' : `${contract.scope.prompts.length} questions`}: ${contract.scope.prompts.join(', ')}.`,
      'What is not declared is refused. To widen it, its owners release it anew.',
    ],
  }),
  actions: ({ tools }) => ({
    title: 'What it may do',
    lines: [
      ...tools.map(
        ({ title, tier, undo }) =>
          `${title}: ${TIERS[tier]}${undo === 'irreversible' ? '; it cannot be taken back' : '; it can be taken back'}.`,
      ),
      ...(tools.length === 0 ? ['It changes nothing.'] : []),
    ],
  }),
  data: ({ contract }, { data = [] }) => ({
    title: 'Data',
    lines: [
      ...data,
      ...(contract.boundaries ? boundaryLines(contract.boundaries) : ['Its boundaries are not answered.']),
    ],
  }),
  decisions: ({ contract }, { decisions = [] }) => ({
    title: 'Whose decision it is',
    lines: [
      ...decisions,
      `Members of ${contract.approvers.join(', ')} approve; who asks never does. Without an answer it is denied after ${contract.approval_timeout_minutes} minutes.`,
    ],
  }),
  exceptions: (_, { exceptions }) => ({ title: 'Exceptions', lines: exceptions ?? ['None.'] }),
  report: ({ contract }, { report = [] }) => ({
    title: 'Whom to ask, and where to report',
    lines: [
      ...report,
      `What cannot wait: ${contract.owners.escalation}. Security: ${contract.owners.security}. What it should do: ${contract.owners.business}.`,
    ],
  }),
};

const TIERS: Readonly<Record<ToolContract['tier'], string>> = {
  1: 'by itself',
  2: 'by itself, and people are told',
  3: 'after a person has approved exactly this',
  4: 'for people only; it prepares the work',
};

const IDENTIFIED = {
  never: 'never goes to a model',
  pseudonyms: 'goes to a model under pseudonyms',
  clear: 'goes to a model as it is',
};

function boundaryLines({ logs, repositories, production_logs, secrets, identifiers, kept }: Boundaries): string[] {
  return [
    `Logs: ${logs.join(', ') || 'none'}${logs.length > 0 ? (production_logs ? ', of production too' : ', none of production') : ''}. Code: ${repositories.join(', ') || 'none'}.`,
    secrets === 'redact'
      ? 'What looks like a credential is taken out before a model sees it.'
      : 'Credentials are not looked for.',
    `Customer data ${IDENTIFIED[identifiers.customer]}; personal data ${IDENTIFIED[identifiers.personal]}.`,
    `Questions go to models in: ${kept.models.join(', ') || 'no place'}. What was read and answered is deleted ${kept.days === 0 ? 'when the run ends' : `${kept.days} days after the run’s end`}.`,
  ];
}

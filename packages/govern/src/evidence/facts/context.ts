import { each, type Fact, gap, seen, shown } from '../found.ts';

const sourcesLabelled: Fact = async (look) =>
  each(
    (await look.records('source.read')).filter(({ data }) => data !== null),
    ({ data }) => data !== null && data.label.integrity !== undefined,
    {
      what: 'reads of sources',
      holds: 'carry a label of integrity and confidentiality with their origin',
      none: 'No read of a source is on record.',
    },
  );

/** Readings in which something suspicious stood, of all; it is a signal for policy and people, and no guarantee. */
const injectionFindings: Fact = async (look) => {
  const reads = await look.records('source.read');
  const flagged = reads.filter(({ outcome }) => outcome === 'flagged');
  if (reads.length === 0) return gap('No read of a source is on record, so nothing was looked at for injections.');
  if (flagged.length === 0)
    return gap(`Of ${reads.length} reads of sources none has a finding: nothing shows the detection at work.`);
  const figures = { reads: reads.length, flagged: flagged.length };
  return shown(
    `Reads of sources that are marked with findings: ${figures.flagged} of ${figures.reads}.`,
    flagged,
    figures,
  );
};

const argumentsTraced: Fact = async (look) =>
  each(
    (await look.records('proposal.submitted')).filter(
      ({ data }) => data !== null && Object.keys(data.args as object).length > 0,
    ),
    ({ data }) => data !== null && data.provenance.length > 0,
    {
      what: 'proposals with arguments',
      holds: 'say of their arguments where each came from',
      none: 'No proposal with arguments is on record.',
    },
  );

export const CONTEXT_FACTS = {
  'sources-labelled': sourcesLabelled,
  'injection-findings': injectionFindings,
  'arguments-traced': argumentsTraced,
  'fields-minimised': seen(
    'source.read',
    {
      what: 'reads of sources left out fields that are not declared',
      none: 'No read that left out a field is on record.',
    },
    ({ data }) => (data?.fields_left_out.length ?? 0) > 0,
  ),
  'sources-refused': seen('source.refused', {
    what: 'reads of sources were refused by policy',
    none: 'No refused read of a source is on record.',
  }),
  'data-deidentified': seen(
    'prompt.assembled',
    {
      what: 'questions went to a model with pseudonyms in place of personal data',
      none: 'No de-identified question is on record.',
    },
    ({ data }) => data !== null && data.deidentified !== null,
  ),
  'data-cleared': seen(
    'prompt.assembled',
    {
      what: 'questions left out data whose life was over or that may not enter them',
      none: 'No question that left out cleared data is on record.',
    },
    ({ data }) => (data?.withheld?.length ?? 0) > 0,
  ),
  'pseudonyms-erased': seen('pseudonyms.erased', {
    what: 'runs ended with the erasure of what their pseudonyms stood for',
    none: 'No erasure of pseudonyms is on record.',
  }),
  'data-kept-from-endpoints': seen('endpoint.refused', {
    what: 'questions were kept from a model endpoint that may not have their data',
    none: 'No question that was kept from an endpoint is on record.',
  }),
  'readers-quarantined': seen(
    'output.validated',
    {
      what: 'answers were given in quarantine, through a closed schema of few bits',
      none: 'No answer given in quarantine is on record.',
    },
    ({ data }) => data?.quarantined !== undefined,
  ),
} as const satisfies Record<string, Fact>;

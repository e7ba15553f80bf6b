import { declareDrill } from '../declare.ts';

export default declareDrill({
  name: 'sort-ticket',
  title: 'Sorting of a ticket',
  tier: 'low',
  on_outage: { do: 'degrade', answers: { classify: { kind: 'other' } } },
  internal: true,
});

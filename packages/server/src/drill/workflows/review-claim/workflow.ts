import { declareDrill } from '../declare.ts';

export default declareDrill({
  name: 'review-claim',
  title: 'Review of a claim',
  tier: 'high',
  on_outage: { do: 'wait', minutes: 60 },
  internal: true,
});

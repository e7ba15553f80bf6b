import { declareDrill } from '../declare.ts';

export default declareDrill({
  name: 'answer-faq',
  title: 'Answer to a common question',
  tier: 'low',
  on_outage: { do: 'hand_off' },
  internal: false,
});

import { declareDrill } from '../declare.ts';

export default declareDrill({
  name: 'check-payment',
  title: 'Check of a payment',
  tier: 'critical',
  on_outage: { do: 'hand_off' },
  internal: true,
});

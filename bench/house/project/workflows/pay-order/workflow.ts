import { orderWorkflow } from '../../orders.ts';

export default orderWorkflow({ name: 'pay-order', tool: 'pay_order', tier: 3 });

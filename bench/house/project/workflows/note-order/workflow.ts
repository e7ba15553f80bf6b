import { orderWorkflow } from '../../orders.ts';

export default orderWorkflow({ name: 'note-order', tool: 'note_order', tier: 1 });

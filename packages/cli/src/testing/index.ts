export { type Installation, installation } from './installation.ts';
export { command, type Printed } from './terminal.ts';

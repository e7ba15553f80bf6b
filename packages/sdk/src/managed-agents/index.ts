export { type ConfirmOptions, confirmTools, type SessionEvents, Ungoverned } from './confirm-tools.ts';

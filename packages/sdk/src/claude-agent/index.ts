export { type FleetOptions, fleetHooks, managedSettings } from './fleet.ts';
export { afterTool, beforeTool, type Hook, type HookAnswer, type Redact } from './hooks.ts';
export { type GovernedOptions, governedOptions } from './options.ts';

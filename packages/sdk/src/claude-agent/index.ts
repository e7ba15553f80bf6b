export { type FleetOptions, fleetHooks, managedSettings } from './fleet.ts';
export { type Ask, beforeTool, type Hook, type HookAnswer } from './hooks.ts';
export { type GovernedOptions, governedOptions } from './options.ts';
export { afterTool, type Redact } from './redact-output.ts';

import type { Command } from 'commander';
import { addAgents } from './agents.ts';
import { addDelegate } from './delegate.ts';
import { addServices } from './services.ts';
import { addSessions } from './sessions.ts';
import type { Run } from './shared.ts';
import { addTokens } from './tokens.ts';

export function addIdentity(program: Command, run: Run<never>): void {
  const group = program.command('identity').description('who may ask: agents, service accounts, tokens and sessions');
  addAgents(group, run);
  addServices(group, run);
  addTokens(group, run);
  addSessions(group, run);
  addDelegate(group, run);
}

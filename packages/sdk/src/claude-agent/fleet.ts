import { HOOK_TIMEOUT_S } from './options.ts';

/** How Claude Code of a fleet asks Portreeve. */
export interface FleetOptions {
  /** Of the Portreeve server. */
  readonly url: string;
  /** Where `portreeve hook` finds which tool of the gateway stands for which of Claude Code's: a JSON file on each machine. */
  readonly toolsFile: string;
  /** Where it finds the token of who works there. Left out: in `PORTREEVE_TOKEN`. */
  readonly tokenFile?: string;
}

/** The hooks that ask before each call and look at each result; what fails blocks. */
export function fleetHooks({ url, toolsFile, tokenFile }: FleetOptions) {
  const args = ['hook', '--server', url, '--tools', toolsFile, ...(tokenFile ? ['--token-file', tokenFile] : [])];
  const hook = {
    type: 'command' as const,
    command: 'portreeve',
    args,
    timeout: HOOK_TIMEOUT_S,
    onFailure: 'block' as const,
  };
  const each = [{ hooks: [hook] }];
  return { PreToolUse: each, PostToolUse: each, PostToolUseFailure: each };
}

/**
 * Managed settings of Claude Code (`managed-settings.json`) by which a fleet can do nothing past the gate: the hooks are the
 * organization's, no others run, no MCP server but the gateway is there, and no mode or flag leads around them.
 */
export function managedSettings(options: FleetOptions) {
  return {
    hooks: fleetHooks(options),
    allowManagedHooksOnly: true,
    allowManagedPermissionRulesOnly: true,
    allowManagedMcpServersOnly: true,
    allowedMcpServers: [] as [],
    managedMcpServers: { portreeve: { type: 'http', url: `${options.url.replace(/\/+$/, '')}/mcp` } },
    disableSideloadFlags: true,
    permissions: {
      defaultMode: 'dontAsk' as const,
      disableBypassPermissionsMode: 'disable' as const,
      disableAutoMode: 'disable' as const,
    },
  };
}

import { type EnvironmentName, PortreeveError } from '@portreeve/contract';

/** Variables that hold a credential of something that Portreeve speaks to. */
const CREDENTIALS = [
  'ANTHROPIC_API_KEY',
  'ANTHROPIC_AUTH_TOKEN',
  'ANTHROPIC_FOUNDRY_API_KEY',
  'AWS_BEARER_TOKEN_BEDROCK',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'AZURE_CLIENT_SECRET',
  'BAO_TOKEN',
  'GOOGLE_API_KEY',
  'OPENAI_API_KEY',
  'PGPASSWORD',
  'VAULT_TOKEN',
] as const;

/**
 * Refuses credentials in plain environment variables outside development (requirement E9): every child process inherits
 * them, and crash reports and process listings show them. Throws `misconfigured` with the variable's name alone.
 */
export function refuseEnvironmentCredentials(
  env: Readonly<Record<string, string | undefined>>,
  environment: EnvironmentName,
): void {
  if (environment === 'development') return;
  const found = CREDENTIALS.find((name) => env[name]);
  if (found)
    throw new PortreeveError('misconfigured', `${found} is set in ${environment}.`, {
      next: `Put it into the secret store (\`portreeve secrets set NAME\`) or use workload identity, and unset ${found}.`,
    });
  if (hasPassword(env.DATABASE_URL))
    throw new PortreeveError('misconfigured', `DATABASE_URL holds a password in ${environment}.`, {
      next: 'Put the password into a file of mode 0600 and name it in PGPASSFILE, or use a client certificate.',
    });
}

function hasPassword(url: string | undefined): boolean {
  if (!url) return false;
  try {
    const { password, searchParams } = new URL(url);
    return password !== '' || searchParams.has('password');
  } catch {
    return false;
  }
}

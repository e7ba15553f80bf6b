import { z } from 'zod';

// How a process shows a vendor who it is, in place of a key (requirement E9): a token of the platform is exchanged for a
// short-lived one of the vendor. Nothing here is secret; the rules on the vendor's side say which token gets what.

const httpsUrl = z.url({ protocol: /^https?$/ });
/** A token that the platform writes and renews: of Kubernetes, SPIFFE, a cloud, or any OIDC issuer that is trusted. */
const token_file = z.string().min(1);

/** Anthropic: the jwt-bearer grant (RFC 7523, section 2.1) by a federation rule. */
export const anthropicFederationSchema = z.strictObject({
  token_file,
  rule: z.string().regex(/^fdrl_[A-Za-z0-9_-]{1,128}$/, 'the id of a federation rule: fdrl_…'),
  organization: z.string().min(1).max(128),
  service_account: z
    .string()
    .regex(/^svac_[A-Za-z0-9_-]{1,128}$/, 'the id of a service account: svac_…')
    .optional(),
  workspace: z.string().min(1).max(128).optional(),
});
export type AnthropicFederation = z.infer<typeof anthropicFederationSchema>;

/** Google Cloud: token exchange (RFC 8693), and then the part of a service account where one is named. */
export const googleFederationSchema = z.strictObject({
  token_file,
  /** `//iam.googleapis.com/projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER`. */
  audience: z.string().startsWith('//').max(512),
  service_account: z.email().optional(),
  /** Other addresses than Google's. */
  token_url: httpsUrl.optional(),
  impersonation_url: httpsUrl.optional(),
});
export type GoogleFederation = z.infer<typeof googleFederationSchema>;

/** Microsoft Entra: client credentials with a JWT as the client's assertion (RFC 7523, section 2.2). */
export const entraFederationSchema = z.strictObject({
  token_file,
  tenant: z.string().regex(/^[A-Za-z0-9.-]{1,128}$/, 'a tenant’s id or domain'),
  client_id: z.uuid(),
  scope: z.string().min(1).max(256).default('https://ai.azure.com/.default'),
  /** Another authority than login.microsoftonline.com, such as that of a sovereign cloud. */
  authority: httpsUrl.optional(),
});
export type EntraFederation = z.infer<typeof entraFederationSchema>;

/** Any authorisation server: the jwt-bearer grant (RFC 7523, section 2.1). */
export const jwtBearerSchema = z.strictObject({
  token_file,
  token_url: httpsUrl,
  scope: z.string().min(1).max(256).optional(),
  audience: z.string().min(1).max(512).optional(),
});
export type JwtBearer = z.infer<typeof jwtBearerSchema>;

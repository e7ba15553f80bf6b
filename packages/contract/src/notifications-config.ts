import { z } from 'zod';
import { nameSchema } from './ids.ts';
import { emailBindingSchema } from './tool-binding.ts';

/**
 * What people are told of. `approval.expiring` comes shortly before the time of an approval is over. `freeze` is one
 * tool, workflow or identity, `stop` is everything; both tell of the stages of the thaw, too. `oversight.alarm` goes to the
 * owners of a workflow: somebody's decisions on it look like stamping. `change.opened` goes to the owners of what it touches.
 * `pilot.withdrawn`: a release left its pilot without going on.
 */
export const NOTIFIED = [
  'approval.opened',
  'approval.reminded',
  'approval.escalated',
  'approval.expiring',
  'handoff.opened',
  'handoff.overdue',
  'oversight.alarm',
  'change.opened',
  'pilot.withdrawn',
  'freeze',
  'stop',
] as const;
export type Notified = (typeof NOTIFIED)[number];

/**
 * What a channel hears: what fits one of its rules. A part that is left out fits everything; so does whatever has no
 * workflow or no group, such as the freeze of a tool: who may have to know is told.
 */
const ruleSchema = z.strictObject({
  kinds: z.array(z.enum(NOTIFIED)).min(1).optional(),
  workflows: z.array(nameSchema).min(1).max(64).optional(),
  groups: z.array(z.string().min(1).max(128)).min(1).max(64).optional(),
});
export type NotificationRule = z.infer<typeof ruleSchema>;

const channel = {
  name: nameSchema,
  rules: z.array(ruleSchema).min(1).max(32).default([{}]),
};

/** The address of a webhook is what proves who may post: it is a secret, whose origin is that of the declared system. */
const webhook = { ...channel, system: nameSchema, webhook: nameSchema };

const address = emailBindingSchema.shape.from;

export const notificationChannelSchema = z.discriminatedUnion('kind', [
  /** An incoming webhook of Slack, or of what takes its format. */
  z.strictObject({ kind: z.literal('slack'), ...webhook }),
  /** A workflow of Microsoft Teams that begins "when a webhook request is received"; it gets an Adaptive Card. */
  z.strictObject({ kind: z.literal('teams'), ...webhook }),
  /** Plain text by SMTP, to a system `smtp://HOST:PORT` (STARTTLS) or `smtps://HOST:PORT`. */
  z.strictObject({
    kind: z.literal('email'),
    ...channel,
    system: nameSchema,
    from: address,
    to: z.array(address).min(1).max(50),
    /** `none` only to a system that is declared as private, and without a credential. */
    tls: emailBindingSchema.shape.tls,
    /** The name of a secret `{"username": …, "password": …}`. */
    credential: nameSchema.optional(),
  }),
]);
export type NotificationChannel = z.infer<typeof notificationChannelSchema>;

/** Whom to tell that somebody is needed (requirement I7). A message decides nothing, and neither does its link. */
export const notificationsConfigSchema = z
  .strictObject({ channels: z.array(notificationChannelSchema).max(32).default([]) })
  .superRefine(({ channels }, context) => {
    if (new Set(channels.map(({ name }) => name)).size < channels.length)
      context.addIssue({ code: 'custom', path: ['channels'], message: 'each has a name of its own' });
  });
export type NotificationsConfig = z.infer<typeof notificationsConfigSchema>;

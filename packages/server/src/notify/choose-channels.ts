import type { NotificationChannel, Notified } from '@portreeve/contract';

/** What a rule looks at. Null: nobody knows, or it concerns all. */
export interface Concerns {
  readonly kind: Notified;
  readonly workflow: string | null;
  readonly groups: readonly string[] | null;
}

/** Whether a channel hears of it. */
export function hears({ rules }: Pick<NotificationChannel, 'rules'>, { kind, workflow, groups }: Concerns): boolean {
  return rules.some(
    (rule) =>
      (rule.kinds?.includes(kind) ?? true) &&
      (workflow === null || (rule.workflows?.includes(workflow) ?? true)) &&
      (groups === null || (rule.groups?.some((group) => groups.includes(group)) ?? true)),
  );
}

/**
 * Who hears of it by this channel and by none that stands before it: the addresses of an e-mail channel, nobody where a
 * webhook is told already.
 */
export function heardOnlyBy(
  channel: NotificationChannel,
  channels: readonly NotificationChannel[],
  concerns: Concerns,
): readonly string[] {
  const before = channels.slice(0, channels.indexOf(channel)).filter((each) => hears(each, concerns));
  const told = new Set(before.flatMap(placesOf));
  return placesOf(channel).filter((place) => !told.has(place));
}

/** Where a channel arrives: mail addresses, or the one webhook. */
function placesOf(channel: NotificationChannel): readonly string[] {
  if (channel.kind === 'email') return channel.to.map((address) => address.toLowerCase());
  return [`webhook ${channel.webhook}`];
}

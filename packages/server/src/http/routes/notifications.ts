import { actorOf, nameSchema } from '@portreeve/contract';
import { z } from 'zod';
import { route } from '../route.ts';

export const notificationRoutes = [
  route({
    method: 'POST',
    url: '/v1/notifications/:channel/test',
    operation: 'notifications.try',
    summary: 'Send a message to a channel of notifications, to see whether it arrives',
    records: ['notification.sent', 'notification.failed'],
    per_minute: 10,
    params: z.object({ channel: nameSchema }),
    answers: {
      200: z.object({
        channel: z.string(),
        problem: z.string().nullable().describe('Why the channel did not take it; null where it did'),
      }),
    },
    handler: async ({ services, params: { channel }, who }) => ({
      channel,
      problem: await services.notifier.try(channel, actorOf(who.principal)),
    }),
  }),
];

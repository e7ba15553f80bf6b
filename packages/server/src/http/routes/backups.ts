import { actorOf } from '@portreeve/contract';
import { z } from 'zod';
import { route } from '../route.ts';

const archive = z.object({
  folder: z.string().describe('On the machine of the server'),
  manifest: z.string().describe('SHA-256 of the signed manifest: keep it elsewhere'),
});

export const backupRoutes = [
  route({
    method: 'POST',
    url: '/v1/backups',
    operation: 'backups.make',
    summary:
      'Back everything up: an archive of the record and the data, and one of the keys, where the configuration says',
    records: ['backup.begun', 'backup.ended'],
    answers: {
      201: z.object({
        backup: z.string(),
        made_at: z.string(),
        trees: z
          .array(z.object({ log: z.string(), size: z.number(), root: z.string() }))
          .describe('How many records of each log it holds, and the root over them'),
        log: archive,
        keys: archive,
        removed: z.array(z.object({ backup: z.string(), archive: z.enum(['log', 'keys']) })),
      }),
    },
    handler: ({ services, who }) => services.backups.make(actorOf(who.principal)),
  }),
];

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
        size: z.number().describe('How many records it holds under the tree'),
        root: z.string(),
        log: archive,
        keys: archive,
        removed: z.array(z.object({ backup: z.string(), archive: z.enum(['log', 'keys']) })),
      }),
    },
    handler: ({ services, who }) => services.backups.make(actorOf(who.principal)),
  }),
];

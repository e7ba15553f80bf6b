import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { anchorStoreContract } from '@portreeve/audit/testing';
import { systemClock } from '@portreeve/contract';
import { createEgress, s3Objects } from '@portreeve/execute';
import { startS3Server } from '@portreeve/execute/testing';

anchorStoreContract('S3, by its documented API', async () => {
  const key = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' };
  const region = 'eu-central-1';
  const server = await startS3Server({ clock: systemClock, region, ...key });
  const folder = await mkdtemp(join(tmpdir(), 'portreeve-s3-'));
  const secret_access_key_file = join(folder, 'key');
  await writeFile(secret_access_key_file, key.secretAccessKey);
  const egress = createEgress({ allow: [{ host: '127.0.0.1', port: server.port, private: true }] });
  return {
    store: s3Objects({
      ...{ name: 's3', fetch: egress.fetch, region, bucket: 'audit', clock: systemClock, endpoint: server.endpoint },
      auth: { method: 'keys', access_key_id: key.accessKeyId, secret_access_key_file },
    }),
    look: async (path) => server.objects.get(`/audit/${path}`)?.bytes ?? null,
    break: async () => {
      server.state.broken = true;
    },
    async close() {
      await egress.close();
      await server.close();
      await rm(folder, { recursive: true });
    },
  };
});

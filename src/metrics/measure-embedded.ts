import { statfs } from 'node:fs/promises';
import { Counter, Gauge, type Registry } from 'prom-client';

/**
 * Measures the embedded PostgreSQL.
 * @param folder holds its data.
 * @returns what is to be called when the server is lost. It is started again then.
 */
export function measureEmbedded(registry: Registry, folder: string): () => void {
  const losses = new Counter({
    name: 'coupon_embedded_postgresql_losses_total',
    help: 'How often the embedded PostgreSQL was lost. It is started again each time.',
    registers: [registry],
  });
  new Gauge({
    name: 'coupon_embedded_postgresql_disk_free_bytes',
    help: 'The free space on the disk with the data of the embedded PostgreSQL.',
    registers: [registry],
    async collect() {
      const disk = await statfs(folder).catch(() => undefined);
      if (disk) this.set(disk.bavail * disk.bsize);
      else this.remove();
    },
  });
  return () => losses.inc();
}

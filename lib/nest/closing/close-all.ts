import type { Duplex } from 'node:stream';

/** Waits until all of `connections` have closed; destroys those still open after `graceMs` milliseconds. */
export async function closeAll(connections: Iterable<Duplex>, graceMs: number): Promise<void> {
  const open = [...connections];
  const timer = setTimeout(() => {
    for (const connection of open) connection.destroy();
  }, graceMs);
  await Promise.all(
    open.map((connection) => new Promise((resolve) => connection.once('close', resolve))),
  );
  clearTimeout(timer);
}

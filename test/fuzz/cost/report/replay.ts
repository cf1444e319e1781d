// Plays a find: the rest of the file that print-find writes.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { Player } from '../play/player.js';
import type { Site } from '../play/site.js';
import type { Program } from '../program/step.js';

declare const FIND: {
  site: Site;
  tls: boolean;
  category: string;
  most: number;
  mostWaitMs: number;
  program: Program;
};

/** Milliseconds that the other side has for what came. */
const SETTLE_MS = 2000;
const TICKS_PER_SECOND = 100;
const PAGE_KIB = 4;

async function reach(address: string): Promise<Socket> {
  const { tls, site } = FIND;
  const at = address.lastIndexOf(':');
  const options = {
    host: at < 0 ? '127.0.0.1' : address.slice(0, at),
    port: Number(address.slice(at + 1)),
    allowHalfOpen: true,
  };
  if (site !== 'agent') {
    const socket = tls
      ? connectTls({ ...options, rejectUnauthorized: false, ALPNProtocols: ['h2'] })
      : connect(options);
    await once(socket, tls ? 'secureConnect' : 'connect');
    return socket;
  }
  const identity = (): object => ({
    cert: readFileSync(process.env['CERT']!),
    key: readFileSync(process.env['KEY']!),
    ALPNProtocols: ['h2'],
  });
  const server = tls
    ? createTlsServer({ ...identity(), allowHalfOpen: true })
    : createServer({ allowHalfOpen: true });
  server.listen(options.port);
  const [socket] = (await once(server, tls ? 'secureConnection' : 'connection')) as [Socket];
  server.close();
  return socket;
}

/** Resident memory in KiB and processor time in milliseconds of a process of this machine. */
function usage(pid: string): { kib: number; ms: number } {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  return { kib: Number(fields[21]) * PAGE_KIB, ms: (ticks * 1000) / TICKS_PER_SECOND };
}

const [address, flag, pid] = process.argv.slice(2);
if (address === undefined || (flag !== undefined && (flag !== '--pid' || pid === undefined))) {
  process.stderr.write('give an address; see the first lines of this file\n');
  process.exit(2);
}
const socket = await reach(address);
const before = pid === undefined ? undefined : usage(pid);
const player = new Player(socket, FIND.site, FIND.program, FIND.mostWaitMs);
await player.play();
await sleep(SETTLE_MS);
const { sent, received } = player;
const figures = [`${sent} bytes sent, ${received} came back`];
let isRight: boolean | undefined =
  FIND.category === 'sent' ? received - 1024 <= FIND.most * sent : undefined;
if (before !== undefined) {
  const after = usage(pid!);
  const heldMiB = (after.kib - before.kib) / 1024;
  figures.push(
    `${heldMiB.toFixed(1)} MiB more resident, ${after.ms - before.ms} ms of processor time`,
  );
  if (FIND.category === 'heap') isRight = heldMiB * 1024 * 1024 <= FIND.most;
  if (FIND.category === 'cpu') isRight = after.ms - before.ms <= FIND.most;
}
socket.destroy();
const verdict = isRight === undefined ? 'PLAYED' : isRight ? 'RIGHT' : 'WRONG';
process.stdout.write(`${verdict} ${figures.join('; ')}\n`);
process.exit(isRight === false ? 1 : 0);

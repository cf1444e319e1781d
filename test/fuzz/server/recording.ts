import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { Client, credentials, Metadata } from '@grpc/grpc-js';
import { firstValueFrom } from 'rxjs';
import type { EngineName } from '../../../lib/index.js';
import { startDialing } from '../../reliability/attacks/ends/applications.js';

/** What a client has written, in the pieces that came. */
export type Recording = readonly Buffer[];

const SIZES = [0, 10, 1000, 40_000];

/**
 * Records real clients of a port: dialing sides that call and are called back, and a plain client, but
 * for engine grpc-js: node:http2, which serves it there and alone, keeps the sockets of some clients that
 * were wrong and have gone, on any server, until keepalive finds them dead.
 */
export async function record(port: number, engine: EngineName): Promise<Recording[]> {
  const uses = [
    (via: number) => useDialing(via, engine, SIZES),
    (via: number) => useDialing(via, engine, SIZES.slice(0, 2)),
    ...(engine === 'grpc-js' ? [] : [usePlain]),
  ];
  const recordings: Recording[] = [];
  for (const use of uses) recordings.push(await recordOne(port, use));
  return recordings;
}

async function recordOne(port: number, use: (via: number) => Promise<void>): Promise<Recording> {
  const pieces: Buffer[] = [];
  const proxy = createServer((near) => {
    const far = connect({ port, host: '127.0.0.1', noDelay: true });
    near.on('data', (piece: Buffer) => pieces.push(piece));
    join(near, far);
  }).listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  await use((proxy.address() as AddressInfo).port);
  proxy.close();
  return pieces;
}

function join(near: Socket, far: Socket): void {
  near.pipe(far).pipe(near);
  near.on('error', () => far.destroy());
  far.on('error', () => near.destroy());
}

async function useDialing(port: number, engine: EngineName, sizes: number[]): Promise<void> {
  const { app, stub } = await startDialing(port, engine);
  for (const size of sizes) {
    const blob = { data: new Uint8Array(size) };
    await Promise.all([firstValueFrom(stub.echo(blob)), firstValueFrom(stub.echoBack(blob))]);
  }
  await app.close();
}

async function usePlain(port: number): Promise<void> {
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  const bytes = (value: Buffer): Buffer => value;
  for (let i = 0; i < 3; i++) {
    await new Promise<void>((resolve, reject) => {
      const metadata = new Metadata();
      const path = '/reliability.Echoes/Echo';
      client.makeUnaryRequest(path, bytes, bytes, Buffer.alloc(0), metadata, (error) =>
        error ? reject(error) : resolve(),
      );
    });
  }
  client.close();
}

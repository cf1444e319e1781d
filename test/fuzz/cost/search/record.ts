import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { Client, credentials } from '@grpc/grpc-js';
import { firstValueFrom, lastValueFrom, of } from 'rxjs';
import type { Site } from '../play/site.js';
import { recordedProgram } from '../program/recorded.js';
import type { Program } from '../program/step.js';
import { dial, listen, SILENT } from '../target/applications.js';
import type { CostsStub } from '../target/service.js';

const SIZES = [0, 100, 5000];
const OPTIONS = { engine: 'built-in', tls: false, authorised: true } as const;

/** What honest ends of connections say, as programs: recorded between applications of this process. */
export async function record(): Promise<Record<Site, readonly Program[]>> {
  const hub = await listen(OPTIONS, SILENT);
  try {
    const [said, heard] = await recordOne(hub.port, useDialing);
    const [plain] = await recordOne(hub.port, usePlain);
    return {
      plain: [recordedProgram('plain', plain)],
      multiplexed: [recordedProgram('multiplexed', said)],
      agent: [recordedProgram('agent', heard)],
    };
  } finally {
    await hub.close();
  }
}

/** Bytes of the side that dials, and of the other one. */
async function recordOne(
  port: number,
  use: (via: number) => Promise<void>,
): Promise<[Buffer, Buffer]> {
  const pieces: [Buffer[], Buffer[]] = [[], []];
  const proxy = createServer((near) => {
    const far = connect({ port, host: '127.0.0.1', noDelay: true });
    near.on('data', (piece: Buffer) => pieces[0].push(piece));
    far.on('data', (piece: Buffer) => pieces[1].push(piece));
    join(near, far);
  }).listen(0, 'localhost');
  await once(proxy, 'listening');
  await use((proxy.address() as AddressInfo).port);
  proxy.close();
  return [Buffer.concat(pieces[0]), Buffer.concat(pieces[1])];
}

function join(near: Socket, far: Socket): void {
  near.pipe(far).pipe(near);
  near.on('error', () => far.destroy());
  far.on('error', () => near.destroy());
}

async function useDialing(port: number): Promise<void> {
  const { client, close } = await dial(OPTIONS, port, SILENT);
  await client.connect();
  const stub = client.getService<CostsStub>('Costs');
  for (const size of SIZES) {
    const request = { data: Buffer.alloc(size, 'd'), items: [{ name: 'a' }], text: 'text' };
    await firstValueFrom(stub.echo(request));
    await firstValueFrom(stub.echoBack(request));
    await lastValueFrom(stub.list(request));
    await lastValueFrom(stub.chat(of(request, request)));
  }
  await close();
}

async function usePlain(port: number): Promise<void> {
  const client = new Client(`localhost:${port}`, credentials.createInsecure());
  const bytes = (value: Buffer): Buffer => value;
  for (const method of ['Echo', 'No', 'Echo']) {
    await new Promise<void>((resolve) => {
      const path = `/cost.Costs/${method}`;
      client.makeUnaryRequest(path, bytes, bytes, Buffer.alloc(0), () => resolve());
    });
  }
  client.close();
}

import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import type { Departure } from 'nestjs-backchannel';
import { CallsController } from '../../fixtures/nest/calls.controller.js';
import { soon } from '../../fixtures/nest/end-of.js';
import { eventually } from '../../fixtures/nest/eventually.js';
import { startListener } from '../../fixtures/nest/in-test.js';
import { callsProto } from '../../fixtures/nest/protos.js';
import { GREETING, MAGIC, OPEN, rawDialer } from '../../fixtures/nest/raw-dialer.js';
import { frame, TYPE } from '../../fixtures/http2/raw-client.js';
import { D } from '../../fixtures/raw-peer.js';

const services = { ...callsProto, backchannel: callsProto };
const isBuiltIn = process.env['BACKCHANNEL_ENGINE'] !== 'grpc-js';
/** Milliseconds that no test takes. */
const ONE_HOUR = 3_600_000;

/** DATA belongs to a stream, and 0 is none. */
const BREACH = D(0, 1, frame(TYPE.data, 0, 0, Buffer.from('of no stream')));

describe('a peer that breaks HTTP/2', () => {
  // With grpc-js it often stays open behind its GOAWAY until keepalive finds it dead, as on any server of node:http2.
  it.runIf(isBuiltIn)('loses its connection at once, whatever calls back may take', async () => {
    const { port, registry } = await startListener(
      { ...services, drainMs: ONE_HOUR },
      { controllers: [CallsController] },
    );
    const departures: Departure[] = [];
    registry.peers$.subscribe((event) => {
      if (event.type === 'disconnected') departures.push(event.departure);
    });
    const socket = rawDialer(port, MAGIC, OPEN, GREETING);
    await eventually(() => registry.size).toBe(1);
    const heard: Buffer[] = [];
    socket.on('data', (bytes: Buffer) => heard.push(bytes));
    const closed = once(socket, 'close');
    socket.write(BREACH);

    await soon(closed);
    expect(departures).toHaveLength(1);
    expect(departures[0]).toMatchObject({ cause: 'lost', error: { code: 'ERR_HTTP2' } });
    expect(Buffer.concat(heard).toString('latin1')).toContain('stream 0');
  });
});

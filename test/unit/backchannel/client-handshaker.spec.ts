import { once } from 'node:events';
import { Duplex } from 'node:stream';
import { afterEach, expect, it } from 'vitest';
import { ClientHandshaker } from 'nestjs-backchannel';
import { builtInEngine } from 'nestjs-backchannel/core';

/** A connection to a peer that says nothing; emits `'written'` with the bytes of each write. */
class SilentConnection extends Duplex {
  override _read(): void {}

  override _write(chunk: Buffer, _encoding: unknown, done: () => void): void {
    this.emit('written', chunk);
    done();
  }

  override _writev(writes: { chunk: Buffer }[], done: () => void): void {
    this.emit('written', Buffer.concat(writes.map(({ chunk }) => chunk)));
    done();
  }
}

const handshaker = new ClientHandshaker(() => builtInEngine.createServer());

afterEach(() => handshaker.close());

it('sends the magic, the first stream and the preface of HTTP/2 in one write', async () => {
  const connection = new SilentConnection();
  const channel = handshaker.createChannelOver(() => Promise.resolve(connection));
  const written = once(connection, 'written') as Promise<[Buffer]>;
  channel.getConnectivityState(true);

  const [bytes] = await written;
  channel.close();
  connection.destroy();

  expect(bytes.toString('latin1')).toMatch(/^backchannel/);
  expect(bytes.includes('PRI * HTTP/2.0')).toBe(true);
});

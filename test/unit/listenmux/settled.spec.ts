import { once } from 'node:events';
import { connect, type AddressInfo, type Server, type Socket } from 'node:net';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ListenMux } from '../../../lib/listenmux/index.js';
import { handshaker, useListenMux } from '../../fixtures/listen-mux.js';
import { eventually } from '../../fixtures/nest/eventually.js';
import { pem } from '../../fixtures/nest/tls.js';

/** Whether the connections of `mux` have settled by now. */
function watch(mux: ListenMux<string>): () => boolean {
  let hasSettled = false;
  void mux.settled().then(() => (hasSettled = true));
  return () => hasSettled;
}

describe('settled()', () => {
  const createMux = useListenMux();

  it('resolves at once where there is no connection', async () => {
    const { mux } = await createMux();

    await mux.settled();
  });

  it('waits for who has not yet shown what it is', async () => {
    const clients = await createMux();
    const { mux } = clients;
    const [first, second] = [await clients.dial(), await clients.dial()];
    await eventually(() => mux.pendingCount).toBe(2);
    const hasSettled = watch(mux);

    first.write('x');
    await clients.nextServed();
    expect(hasSettled()).toBe(false);
    second.destroy();

    await eventually(hasSettled).toBe(true);
  });

  it('waits for who is shaking hands', async () => {
    const clients = await createMux();
    const { mux } = clients;
    let letIn: (() => void) | undefined;
    mux.register(
      handshaker(async (stream) => {
        await new Promise<void>((resolve) => (letIn = resolve));
        return { stream, context: 'peer' };
      }),
    );
    const client = await clients.dial();
    client.write('testmagic11');
    await eventually(() => letIn).toBeDefined();
    const hasSettled = watch(mux);
    expect(hasSettled()).toBe(false);

    letIn!();

    await clients.nextServed();
    await eventually(hasSettled).toBe(true);
  });

  describe('under TLS', () => {
    /** A mux behind TLS, and a client that has said nothing yet. */
    async function startSecured() {
      const server = createTlsServer({ cert: pem('server'), key: pem('server-key') });
      const mux = new ListenMux<string>({ onConnection: () => {} }).attach(server);
      const accepted = once(server, 'connection') as Promise<[Socket]>;
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
      onTestFinished(() => void client.destroy());
      const [socket] = await accepted;
      onTestFinished(() => close(server, socket));
      return { client, hasSettled: watch(mux) };
    }

    function close(server: Server, socket: Socket): void {
      server.close();
      socket.destroy();
    }

    it('waits for the TLS handshake, and for what comes behind it', async () => {
      const { client, hasSettled } = await startSecured();
      const secured = connectTls({ socket: client, ca: pem('ca'), servername: 'localhost' });
      await once(secured, 'secureConnect');
      expect(hasSettled()).toBe(false);

      secured.write('x');

      await eventually(hasSettled).toBe(true);
      secured.destroy();
    });

    it('waits no longer for a TLS handshake that fails', async () => {
      const { client, hasSettled } = await startSecured();
      client.on('error', () => {});
      expect(hasSettled()).toBe(false);

      client.write('this is no TLS, whatever else it may be');

      await eventually(hasSettled).toBe(true);
    });
  });
});

import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ConnectionInfo } from 'nestjs-backchannel';
import { createListener } from 'nestjs-backchannel/core';
import { keyCertPair, pem, securities } from '../../fixtures/nest/tls.js';

describe('a connection with mutual TLS', () => {
  /** The listening side's end of it. */
  async function accept(): Promise<TLSSocket> {
    const server = createListener(securities['mutual TLS'].server).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { cert_chain: cert, private_key: key } = keyCertPair('client');
    const { port } = server.address() as AddressInfo;
    const dialed = connect({
      port,
      host: 'localhost',
      ca: pem('ca'),
      cert,
      key,
      ALPNProtocols: ['h2'],
    });
    dialed.on('error', () => {});
    const [socket] = (await once(server, 'secureConnection')) as [TLSSocket];
    onTestFinished(() => {
      dialed.destroy();
      socket.destroy();
      server.close();
    });
    return socket;
  }

  it('has the certificate of the other end, also when it has been asked for and then closed', async () => {
    const socket = await accept();
    const info = new ConnectionInfo(socket);
    const { certificate } = info;

    socket.destroy();

    expect(certificate?.subject.CN).toBe('client (tests of nestjs-backchannel)');
    expect(info.certificate).toBe(certificate);
  });

  it('has none, rather than an error, when it is closed before it is asked for', async () => {
    const socket = await accept();
    const info = new ConnectionInfo(socket);

    socket.destroy();

    expect(info.certificate).toBeUndefined();
    expect(info.authContext.sslPeerCertificate).toBeUndefined();
  });
});

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { pem } from '../../../fixtures/nest/tls.js';

/** Connects to a listening side. */
export async function reachHub(host: string, port: number, tls: boolean): Promise<Socket> {
  const options = { host, port, noDelay: true, allowHalfOpen: true };
  const socket = tls
    ? connectTls({ ...options, ca: pem('ca'), servername: 'localhost', ALPNProtocols: ['h2'] })
    : connect(options);
  socket.setNoDelay(true);
  await once(socket, tls ? 'secureConnect' : 'connect');
  return socket;
}

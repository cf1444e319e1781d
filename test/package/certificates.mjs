import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect, createServer } from 'node:tls';

/**
 * Checks the certificates that the README has users make: each is accepted in its own role, and in no
 * other, so that no agent can play the hub to other agents.
 *
 * @param folder - where they are.
 * @throws Error naming the one that is wrong.
 */
export async function checkCertificates(folder) {
  const read = (file) => readFileSync(join(folder, file));
  const pair = (name) => ({
    cert: read(`${name}.crt`),
    key: read(`${name}.key`),
    ca: read('ca.crt'),
  });

  const expect = async (listening, dialing, isAccepted) => {
    const accepted = await shakeHands(pair(listening), pair(dialing));
    if (accepted === isAccepted) return;
    const problem = isAccepted ? 'refuse each other' : 'accept each other';
    throw new Error(`${listening} as listening and ${dialing} as dialing side ${problem}`);
  };
  await expect('hub', 'agent-7', true);
  await expect('agent-7', 'agent-7', false);
  await expect('hub', 'hub', false);
}

/** Whether both ends of a connection with mutual TLS accept each other's certificates. */
async function shakeHands(listening, dialing) {
  const server = createServer({ ...listening, requestCert: true });
  server.on('secureConnection', (socket) => socket.on('error', () => {}).end('accepted'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const { port } = server.address();
    const socket = connect({ ...dialing, port, host: '127.0.0.1', servername: 'localhost' });
    socket.on('error', () => {});
    let said = '';
    socket.setEncoding('utf8').on('data', (text) => (said += text));
    await new Promise((resolve) => socket.once('close', resolve));
    return said === 'accepted';
  } finally {
    server.close();
  }
}

import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { ConnectionInfo } from 'nestjs-backchannel';
import { MemoryNetwork } from 'nestjs-backchannel/testing';

/** Listens on `url`; gives the list of who has come. */
function listen(network: MemoryNetwork, url: string): Duplex[] {
  const accepted: Duplex[] = [];
  network.listen(url, {
    handle: (connection) => void accepted.push(connection.on('error', () => {})),
  });
  return accepted;
}

const nobody = { handle: () => {} };

describe('a network in memory', () => {
  it.each([
    ['hub:50051', 'hub:50051'],
    ['hub:50051', '0.0.0.0:50051'],
    ['[2001:db8::1]:50051', '[::]:50051'],
    ['localhost:50051', '127.0.0.1:50051'],
    ['dns:///hub:50051', 'hub:50051'],
    ['unix:/run/hub.sock', 'unix:/run/hub.sock'],
  ])('takes who dials %s to who listens on %s', async (dialed, listened) => {
    const network = new MemoryNetwork();
    const [others, accepted] = [listen(network, 'other:50051'), listen(network, listened)];
    const connection = await network.dial(dialed);
    connection.write('hello');

    expect(String((await once(accepted[0]!, 'data'))[0])).toBe('hello');
    expect(others).toEqual([]);
    expect(network.isReachable(dialed)).toBe(true);
  });

  it.each([
    ['hub:50052', 'hub:50051'],
    ['hub:50052', '0.0.0.0:50051'],
    ['hub:50051', 'other:50051'],
    ['hub:50051', 'localhost:50051'],
    ['unix:/run/hub.sock', 'unix:/run/other.sock'],
  ])('does not take who dials %s to who listens on %s', async (dialed, listened) => {
    const network = new MemoryNetwork();
    listen(network, listened);

    expect(network.isReachable(dialed)).toBe(false);
    await expect(network.dial(dialed)).rejects.toThrow(
      `ECONNREFUSED: nobody listens on "${dialed}" of this MemoryNetwork; there is "${listened}"`,
    );
  });

  it('says when nobody listens at all', async () => {
    await expect(new MemoryNetwork().dial('hub:1')).rejects.toThrow(
      'ECONNREFUSED: nobody listens on "hub:1" of this MemoryNetwork; nobody listens at all',
    );
  });

  it('has one listener for each url, until it stops', () => {
    const network = new MemoryNetwork();
    const { stop } = network.listen('hub:1', nobody);
    expect(() => network.listen('hub:1', nobody)).toThrow(
      'EADDRINUSE: somebody listens on "hub:1" of this MemoryNetwork already',
    );
    stop();
    network.listen('hub:1', nobody);
    stop();

    expect(network.urls).toEqual(['hub:1']);
  });

  it('cuts connections, after which new ones can be made', async () => {
    const network = new MemoryNetwork();
    const accepted = listen(network, 'hub:1');
    const dialing = await network.dial('hub:1');
    expect(network.connectionCount).toBe(1);
    const ends = [dialing, accepted[0]!].map((end) => once(end, 'close'));
    network.cut();

    expect(await Promise.allSettled(ends)).toMatchObject([
      { reason: { code: 'ECONNRESET' } },
      { reason: { code: 'ECONNRESET' } },
    ]);
    expect(network.connectionCount).toBe(0);
    await network.dial('hub:1');
    expect(accepted).toHaveLength(2);
  });

  it('can be dialed again only when it is up again', async () => {
    const network = new MemoryNetwork();
    listen(network, 'hub:1');
    const connection = await network.dial('hub:1');
    network.goDown();

    await expect(once(connection, 'close')).rejects.toMatchObject({ code: 'ECONNRESET' });
    await expect(network.dial('hub:1')).rejects.toThrow('the network is down');
    network.goUp();
    await network.dial('hub:1');
  });

  it('shows the listening side the certificate of who dials, and nobody else', async () => {
    const network = new MemoryNetwork();
    const accepted = listen(network, 'hub:1');
    const dialing = await network
      .withCertificate({ serialNumber: '7', subjectaltname: 'DNS:box' })
      .dial('hub:1');
    await network.dial('hub:1');

    const certificates = [...accepted, dialing].map((end) => new ConnectionInfo(end).certificate);
    expect(certificates).toMatchObject([
      { serialNumber: '7', subjectaltname: 'DNS:box' },
      undefined,
      undefined,
    ]);
  });
});

import type { LookupAddress } from 'node:dns';
import dns from 'node:dns/promises';
import { once } from 'node:events';
import { Socket, type AddressInfo, type NetConnectOpts } from 'node:net';
import { connectivityState, credentials, status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { lookUp } from '../../../../lib/grpc/built-in/client/addresses.js';
import { dialRace } from '../../../../lib/grpc/built-in/client/dial-race.js';
import { builtInEngine, createListener } from '../../../../lib/grpc/index.js';
import { takeAndAnswer } from '../../../fixtures/grpc/answers.js';
import { RawCall } from '../../../fixtures/grpc/raw-call.js';
import { service, type Handlers } from '../../../fixtures/grpc/service.js';
import { Site } from '../../../fixtures/grpc/site.js';
import { stateIs } from '../../../fixtures/grpc/states.js';
import { UnansweringPort } from '../../../fixtures/grpc/unanswering-port.js';
import { pem, serverWith } from '../../../fixtures/nest/tls.js';

const answering = { onRequest: takeAndAnswer };
const answeringService: Partial<Handlers> = {
  unary: ({ request }, callback) => callback(null, request),
};
const trusting = credentials.createSsl(pem('ca'));
const never = new AbortController().signal;

const tcp = (address: string): NetConnectOpts => {
  const [host, port] = address.split(':');
  return { host: host!, port: Number(port) };
};

/** What the system would find for a name. */
function found(...addresses: string[]): LookupAddress[] {
  return addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
}

/** In place of the system's names. */
function spyOnLookup() {
  return vi.spyOn(dns, 'lookup' as never) as unknown as ReturnType<
    typeof vi.fn<(name: string, options: object) => Promise<LookupAddress[]>>
  >;
}

let site: Site;

/** A gRPC server with TLS and the certificate of that name. */
async function securePort(certificate: string): Promise<string> {
  const grpc = builtInEngine.createServer();
  grpc.addService(service, answeringService);
  const server = createListener(serverWith(certificate));
  server.on('secureConnection', (socket: Socket) => grpc.serve(socket)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  site.after(() => {
    grpc.forceShutdown();
    server.close();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function unansweringPort(): Promise<UnansweringPort> {
  const port = await new UnansweringPort().open();
  site.after(() => port.close());
  return port;
}

beforeEach(() => {
  site = new Site();
});

afterEach(async () => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  await site.close();
});

describe('a name', () => {
  it('is looked up anew for each attempt to connect', async () => {
    const { address, sockets } = await site.http2(() => answering);
    const lookup = spyOnLookup();
    lookup.mockRejectedValueOnce(new Error('no such name, yet'));
    lookup.mockResolvedValue(found('127.0.0.1'));
    const channel = site.channel(`agents.test:${address.split(':')[1]}`, {
      'grpc.initial_reconnect_backoff_ms': 10,
    });

    expect(await new RawCall(channel, { waitForReady: true }).ended).toBe(status.OK);
    expect(lookup).toHaveBeenCalledTimes(2);
    sockets[0]!.resetAndDestroy();
    await stateIs(channel, connectivityState.IDLE);
    expect(await new RawCall(channel).ended).toBe(status.OK);

    expect(lookup).toHaveBeenCalledTimes(3);
    expect(lookup).toHaveBeenCalledWith('agents.test', { all: true });
  });

  it('stands for all of its addresses', async () => {
    const { address } = await site.http2(() => answering);
    // Nobody listens on the port of the others.
    spyOnLookup().mockResolvedValue(found('127.0.0.8', '::1', '127.0.0.9', '127.0.0.1'));
    const channel = site.channel(`agents.test:${address.split(':')[1]}`);
    expect(await new RawCall(channel).ended).toBe(status.OK);
  });

  it('has the families of its addresses take turns, the first one first', async () => {
    spyOnLookup().mockResolvedValue(found('::1', '::2', '::3', '1.1.1.1'));
    const hosts = await lookUp([{ host: 'agents.test', port: 7 }]);
    expect(hosts).toEqual(['::1', '1.1.1.1', '::2', '::3'].map((host) => ({ host, port: 7 })));

    spyOnLookup().mockResolvedValue(found('1.1.1.1', '::1', '::2', '::3'));
    const others = await lookUp([{ host: 'agents.test', port: 7 }]);
    expect(others).toEqual(['1.1.1.1', '::1', '::2', '::3'].map((host) => ({ host, port: 7 })));
  });

  it('is looked up for nothing else', async () => {
    const lookup = spyOnLookup();
    const addresses = [{ host: '::1', port: 7 }, { host: '1.1.1.1', port: 7 }, { path: '/socket' }];
    expect(await lookUp(addresses)).toEqual(addresses);
    expect(lookup).not.toHaveBeenCalled();
  });
});

describe('of several addresses', () => {
  it('one that accepts but is of no use is followed by the next', async () => {
    const [expired, good] = [await securePort('expired'), await securePort('server')];
    const channel = site.channel(`ipv4:${expired},${good}`, {}, trusting);
    expect(await new RawCall(channel).ended).toBe(status.OK);
  });

  it.each(['first', 'last'])('the one that answers, if the %s, tells the cause', async (which) => {
    const addresses = [await securePort('expired'), await site.closedAddress()];
    if (which === 'last') addresses.reverse();
    const call = new RawCall(site.channel(`ipv4:${addresses.join(',')}`, {}, trusting));
    expect(await call.ended).toBe(status.UNAVAILABLE);
    expect(call.details).toContain('certificate has expired');
  });

  it('one that accepts and says nothing does not hide the next', async () => {
    const { address: silent, sockets } = await site.port();
    const good = await securePort('server');
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const call = new RawCall(site.channel(`ipv4:${silent},${good}`, {}, trusting));
    await vi.waitUntil(() => sockets.length > 0);
    await vi.advanceTimersByTimeAsync(5000);
    expect(await call.ended).toBe(status.OK);
  });

  it('one whose port cannot be is an error as any other', async () => {
    const nobody = await site.closedAddress();
    await expect(
      dialRace([tcp(nobody), { host: '127.0.0.1', port: 70_000 }], never),
    ).rejects.toThrow('70000');
  });
});

describe('a race between addresses', () => {
  it('is won by one that took long, if nobody else answers', { timeout: 15_000 }, async () => {
    const [far, dead] = [await unansweringPort(), await unansweringPort()];
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const race = dialRace([tcp(far.address), tcp(dead.address)], never);
    await vi.advanceTimersByTimeAsync(250);
    far.answer();

    const { socket, others } = await race;
    site.after(() => socket.destroy());
    expect(`127.0.0.1:${socket.remotePort}`).toBe(far.address);
    expect(others).toEqual([tcp(dead.address)]);
  });

  it('closes those that come second', async () => {
    const slow = await unansweringPort();
    const { address } = await site.port();
    const dialing = vi.spyOn(Socket.prototype, 'connect');
    const { socket } = await dialRace([tcp(slow.address), tcp(address)], never);
    site.after(() => socket.destroy());
    const dialed = dialing.mock.contexts as Socket[];
    expect(dialed).toHaveLength(2);
    expect(dialed.filter(({ destroyed }) => !destroyed)).toEqual([socket]);
  });

  it('is over when it is given up', async () => {
    const { address } = await unansweringPort();
    const giveUp = new AbortController();
    const race = dialRace([tcp(address)], giveUp.signal);
    giveUp.abort(new Error('enough'));
    await expect(race).rejects.toThrow('enough');
    await expect(dialRace([tcp(address)], giveUp.signal)).rejects.toThrow('enough');
  });
});

import { AsyncLocalStorage } from 'node:async_hooks';
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import {
  CallCredentials,
  connectivityState,
  credentials,
  InterceptingCall,
  Metadata,
  ServerInterceptingCall,
  type Interceptor,
  type ServerOptions,
} from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { keepConnected } from '../../../lib/grpc/index.js';
import { engines } from '../../fixtures/engines.js';
import { stillInUse } from '../../fixtures/grpc/collected.js';
import { service, stubOf, type Handlers, type Stub } from '../../fixtures/grpc/service.js';
import { Site, type Channel } from '../../fixtures/grpc/site.js';
import { stateIs } from '../../fixtures/grpc/states.js';
import { eventually } from '../../fixtures/nest/eventually.js';

const tenant = new AsyncLocalStorage<string | object>();
const currentTenant = (): unknown => tenant.getStore() ?? 'none';
const REQUEST = Buffer.from('request');

describe.each(engines)('with the engine $name', (engine) => {
  let site: Site;

  beforeEach(() => {
    site = new Site();
  });

  afterEach(() => site.close());

  async function serve(handlers: Partial<Handlers>, options: ServerOptions = {}): Promise<string> {
    const server = engine.createServer(options);
    server.addService(service, { ...handlers });
    const { address } = await site.port((socket) => server.serve(socket));
    site.after(() => server.forceShutdown());
    return address;
  }

  function channelTo(address: string, upgrade = async (socket: Duplex) => socket): Channel {
    const channel = engine.createDialChannel(address, credentials.createInsecure(), upgrade);
    site.after(() => channel.close());
    return channel;
  }

  const answering: Partial<Handlers> = {
    unary: (call, callback) => callback(null, call.request),
  };

  function callOf(stub: Stub, options = {}): Promise<void> {
    return new Promise((resolve, reject) => {
      stub.unary(REQUEST, options, (error) => (error ? reject(error) : resolve()));
    });
  }

  it('asks credentials in the context of their call, though another one connected', async () => {
    const stub = stubOf(channelTo(await serve(answering)));
    const seen: unknown[] = [];
    const asking = CallCredentials.createFromMetadataGenerator((_options, callback) => {
      seen.push(currentTenant());
      callback(null, new Metadata());
    });
    const callAs = (name: string) => tenant.run(name, callOf, stub, { credentials: asking });

    await Promise.all([callAs('A'), callAs('B')]);
    await callAs('C');

    expect(seen).toEqual(['A', 'B', 'C']);
  });

  it('runs interceptors in the context of their call', async () => {
    const seen: unknown[] = [];
    const note = (): void => void seen.push(currentTenant());
    const noting: Interceptor = (options, nextCall) =>
      new InterceptingCall(nextCall(options), {
        start(metadata, _listener, next) {
          note();
          next(metadata, {
            onReceiveMetadata(received, pass) {
              note();
              pass(received);
            },
            onReceiveStatus(received, pass) {
              note();
              pass(received);
            },
          });
        },
      });
    const stub = stubOf(channelTo(await serve(answering)), { interceptors: [noting] });

    await tenant.run('A', callOf, stub);
    await tenant.run('B', callOf, stub);

    expect(seen).toEqual(['A', 'A', 'A', 'B', 'B', 'B']);
  });

  it('tells writers that they may go on in the context of their call', async () => {
    let begin: (read: () => void) => void;
    const begun = new Promise<() => void>((resolve) => (begin = resolve));
    const address = await serve({
      collect(call, callback) {
        begin(() => call.resume().on('end', () => callback(null, REQUEST)));
      },
    });
    const stub = stubOf(channelTo(address));
    await tenant.run('first', callOf, stub).catch(() => {}); // Nobody serves it.

    const seen = await tenant.run('A', async () => {
      const contexts: unknown[] = [];
      const note = (): void => void contexts.push(currentTenant());
      const answered = new Promise<void>((resolve) => {
        const call = stub.collect(() => resolve());
        const piece = Buffer.alloc(64 * 1024);
        for (let i = 0; i < 100; i += 1) call.write(piece, note);
        call.once('drain', () => {
          note();
          call.end();
        });
      });
      const read = await begun;
      read();
      await answered;
      return contexts;
    });

    expect(seen).toHaveLength(101);
    expect(new Set(seen)).toEqual(new Set(['A']));
  });

  it('dials, and dials again, in no context, whoever has it dial', async () => {
    const address = await serve(answering);
    const seen: unknown[] = [];
    const sockets: Duplex[] = [];
    const channel = channelTo(address, async (socket) => {
      seen.push(currentTenant());
      sockets.push(socket);
      return socket;
    });

    await tenant.run('A', callOf, stubOf(channel));
    sockets[0]!.destroy();
    await stateIs(channel, connectivityState.IDLE);
    const stop = tenant.run('B', () => keepConnected(channel, false, 0));
    onTestFinished(stop);
    await stateIs(channel, connectivityState.READY);
    sockets[1]!.destroy();
    await eventually(() => sockets.length).toBe(3);

    expect(seen).toEqual(['none', 'none', 'none']);
  });

  it('opens streams in no context', async () => {
    const seen: unknown[] = [];
    const channel = engine.createStreamChannel(async () => {
      seen.push(currentTenant());
      throw new Error('there is nobody');
    });
    site.after(() => channel.close());

    await tenant.run('A', callOf, stubOf(channel as Channel)).catch(() => {});

    expect(seen).toEqual(['none']);
  });

  it('tells of the state of a channel in the context of whoever asked', async () => {
    const channel = channelTo(await serve(answering));
    const told = new Promise((resolve) => {
      tenant.run('A', () =>
        channel.watchConnectivityState(connectivityState.IDLE, Infinity, () =>
          resolve(currentTenant()),
        ),
      );
    });

    await tenant.run('B', callOf, stubOf(channel));

    expect(await told).toBe('A');
  });

  it('keeps what handlers and interceptors of a server enter to their own call', async () => {
    const seen: unknown[] = [];
    let calls = 0;
    const enter = (): void => {
      seen.push(currentTenant());
      tenant.enterWith(`entered ${++calls}`);
    };
    const address = await serve(
      {
        unary(call, callback) {
          tenant.enterWith('the handler');
          callback(null, call.request);
        },
        bidi(call) {
          tenant.enterWith('the handler');
          call.on('data', (message: Buffer) => {
            seen.push(currentTenant());
            call.write(message);
          });
          call.on('end', () => call.end());
        },
      },
      {
        interceptors: [
          (_method, call) => {
            enter();
            return new ServerInterceptingCall(call);
          },
        ],
      },
    );
    const stub = stubOf(channelTo(address));

    await callOf(stub);
    await callOf(stub);
    const call = stub.bidi();
    call.end(REQUEST);
    await once(call.resume(), 'end');
    await callOf(stub);

    expect(seen).toEqual(['none', 'none', 'none', 'the handler', 'none']);
  });

  it('lets go of the context of a call that is over, also of that which connected', async () => {
    const stub = stubOf(channelTo(await serve(answering)));
    const callAsNew = async (id: number): Promise<WeakRef<object>> => {
      const store = { id };
      await tenant.run(store, callOf, stub, { deadline: Date.now() + 3_600_000 });
      return new WeakRef(store);
    };
    const stores: WeakRef<object>[] = [];
    for (let i = 0; i < 20; i += 1) stores.push(await callAsNew(i));

    await expect.poll(() => stillInUse(stores), { timeout: 15_000 }).toBe(0);
  });

  it('hangs one listener on the parent of many calls, and takes it away with the last', async () => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error): void => void warnings.push(warning);
    process.on('warning', onWarning);
    onTestFinished(() => void process.off('warning', onWarning));
    const inner = stubOf(channelTo(await serve(answering)));
    const counts: number[] = [];
    const address = await serve({
      unary(parent, callback) {
        const count = (): void => void counts.push(parent.listenerCount('cancelled'));
        count();
        const calls = Array.from({ length: 50 }, () => callOf(inner, { parent }));
        count();
        void Promise.all(calls).then(() => {
          count();
          callback(null, parent.request);
        });
      },
    });

    await callOf(stubOf(channelTo(address)));

    const [before] = counts;
    expect(counts).toEqual([before, before! + 1, before]);
    expect(warnings).toEqual([]);
  });
});

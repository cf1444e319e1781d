import { once } from 'node:events';
import { Duplex } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { ListenMux, type ListenMuxOptions } from '../../../lib/listenmux/index.js';

/** A connection whose client has said `said`, and nothing more. */
class Connection extends Duplex {
  readonly remotePort: number;
  static #ports = 0;

  constructor(
    readonly remoteAddress: string | undefined,
    said = '',
  ) {
    super({ read: () => {}, write: (_chunk, _encoding, done) => done() });
    this.remotePort = ++Connection.#ports;
    if (said !== '') this.push(said);
  }
}

const MAGIC = 'testmagic11';

describe('when the handshakes use up a limit', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['performance'] });
    return () => void vi.useRealTimers();
  });

  /** A mux whose handshaker waits for as long as the connection is open. */
  function start(options: Partial<ListenMuxOptions<undefined>> = {}) {
    const errors: Error[] = [];
    const served: Duplex[] = [];
    const mux = new ListenMux<undefined>({
      maxHandshakes: 3,
      onConnection: ({ socket }) => served.push(socket),
      onHandshakeError: (error) => errors.push(error),
      ...options,
    });
    mux.register({
      magic: MAGIC,
      handshake: (stream) =>
        new Promise((_resolve, reject) => stream.once('close', () => reject(stream.errored!))),
    });
    const codes = () => errors.map((error) => (error as { code?: unknown }).code);
    /** Connects, and lets the mux read. */
    const connect = async (address?: string, said?: string): Promise<Connection> => {
      const connection = new Connection(address, said);
      mux.handle(connection);
      await nextTurn();
      return connection;
    };
    return { mux, errors, codes, served, connect };
  }

  const pass = (ms: number) => vi.advanceTimersByTime(ms);
  const open = (connections: Connection[]) => connections.map(({ destroyed }) => !destroyed);

  it('closes the oldest silent connection of the address that has most for a newcomer', async () => {
    const { connect, errors, mux } = start();
    const other = await connect('10.0.0.2');
    const silent = [await connect('10.0.0.1'), await connect('10.0.0.1')];
    pass(300);

    const newcomer = await connect('10.0.0.3');

    expect(open([newcomer, other, ...silent])).toEqual([true, true, false, true]);
    expect(errors).toMatchObject([
      {
        name: 'ListenMuxError',
        code: 'ERR_LISTENMUX_DISPLACED',
        message:
          'its handshake made no progress, and 3 connections shake hands ("maxHandshakes"): a newcomer has its place',
      },
    ]);
    expect(mux.connectionCount).toBe(3);
  });

  it.each([
    ['of an IPv6 network of 64 bits', ['2001:db8::1', '2001:db8::2', '2001:db8::3'], ''],
    ['that have sent a part of the magic', ['10.0.0.1', '10.0.0.1', '10.0.0.1'], 'testmagic1'],
  ])('does so with connections %s', async (_which, addresses, said) => {
    const { connect } = start();
    const silent: Connection[] = [];
    for (const address of addresses) silent.push(await connect(address, said));
    pass(300);

    const newcomer = await connect('10.9.9.9');

    expect(open([newcomer, ...silent])).toEqual([true, false, true, true]);
  });

  it('takes connections whose handshaker runs last, and only after a second', async () => {
    const { connect, codes } = start();
    const identified: Connection[] = [];
    for (let i = 0; i < 3; i++) identified.push(await connect('10.0.0.1', MAGIC));
    pass(300);
    const tooEarly = await connect('10.0.0.2');
    pass(700);
    const newcomer = await connect('10.0.0.2');

    expect(open([tooEarly, newcomer, ...identified])).toEqual([false, true, false, true, true]);
    expect(codes()).toEqual(['ERR_LISTENMUX_TOO_MANY_HANDSHAKES', 'ERR_LISTENMUX_DISPLACED']);
  });

  it('counts the time since the last progress, not since the connection came', async () => {
    const { connect } = start();
    const progressing = await connect('10.0.0.1');
    pass(1000);
    const silent = [await connect('10.0.0.1'), await connect('10.0.0.1')];
    pass(200);
    progressing.push(MAGIC);
    await nextTurn();
    pass(100);

    const newcomer = await connect('10.0.0.2');

    expect(open([newcomer, progressing, ...silent])).toEqual([true, true, false, true]);
  });

  it('refuses a newcomer while nobody has been silent for long: herds get through', async () => {
    const { connect, codes } = start();
    const herd = [await connect('10.0.0.1'), await connect('10.0.0.1'), await connect('10.0.0.1')];
    pass(200);

    const newcomer = await connect('10.0.0.2');

    expect(open([newcomer, ...herd])).toEqual([false, true, true, true]);
    expect(codes()).toEqual(['ERR_LISTENMUX_TOO_MANY_HANDSHAKES']);
  });

  it('lets a newcomer of the same address displace only who was silent for a second', async () => {
    const { connect } = start();
    const silent = [await connect('10.0.0.1'), await connect('10.0.0.1')];
    pass(600);
    silent.push(await connect('10.0.0.1'));
    const tooEarly = await connect('10.0.0.1');
    pass(400);
    const newcomer = await connect('10.0.0.1');

    expect(open([tooEarly, newcomer, ...silent])).toEqual([false, true, false, true, true]);
  });

  it('makes room within maxConnections, too, but never closes who is served', async () => {
    const { connect, codes } = start({ maxConnections: 3 });
    const served = await connect('10.0.0.1', 'PRI * HTTP/2.0');
    const silent = [await connect('10.0.0.1'), await connect('10.0.0.1')];
    pass(300);
    const newcomer = await connect('10.0.0.2', 'PRI * HTTP/2.0');
    expect(open([newcomer, served, ...silent])).toEqual([true, true, false, true]);
    pass(1000);
    const second = await connect('10.0.0.3', 'PRI * HTTP/2.0');
    const third = await connect('10.0.0.4', 'PRI * HTTP/2.0');

    expect(open([second, third, newcomer, served])).toEqual([true, false, true, true]);
    expect(codes().at(-1)).toBe('ERR_LISTENMUX_TOO_MANY_CONNECTIONS');
  });

  it('never closes connections without an address', async () => {
    const { connect, codes } = start();
    const local = [await connect(), await connect(), await connect()];
    pass(5000);

    const newcomer = await connect('10.0.0.1');

    expect(open([newcomer, ...local])).toEqual([false, true, true, true]);
    expect(codes()).toEqual(['ERR_LISTENMUX_TOO_MANY_HANDSHAKES']);
  });

  it('forgets connections that have closed', async () => {
    const { connect, codes } = start();
    const gone = [await connect('10.0.0.1'), await connect('10.0.0.1'), await connect('10.0.0.1')];
    pass(5000);
    for (const connection of gone) connection.destroy();
    await once(gone[2]!, 'close');
    await connect('10.0.0.2');
    await connect('10.0.0.3');
    await connect('10.0.0.4');

    const newcomer = await connect('10.0.0.5');

    expect(open([newcomer])).toEqual([false]);
    expect(codes().at(-1)).toBe('ERR_LISTENMUX_TOO_MANY_HANDSHAKES');
  });
});

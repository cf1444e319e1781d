import { once } from 'node:events';
import type { ServerDuplexStream, ServiceError } from '@grpc/grpc-js';
import { Controller } from '@nestjs/common';
import { GrpcStreamCall } from '@nestjs/microservices';
import { firstValueFrom } from 'rxjs';
import { beforeEach, describe, expect, it } from 'vitest';
import type { BackchannelClient, Registry } from 'nestjs-backchannel';
import type { Dialer } from '../../fixtures/nest/apps.js';
import { catchEscapes } from '../../fixtures/nest/escapes.js';
import { soon } from '../../fixtures/nest/end-of.js';
import { eventually } from '../../fixtures/nest/eventually.js';
import {
  DialingHeldController,
  ListeningHeldController,
} from '../../fixtures/nest/held/held.controllers.js';
import { heldServices, type Held, type Note } from '../../fixtures/nest/held/held.js';
import { startDialer, startListener } from '../../fixtures/nest/in-test.js';

type Call = ServerDuplexStream<Note, Note>;

/** The stub of grpc-js of `Held`. */
interface RawHeld {
  now(note: Note, done: (error: ServiceError | null, note?: Note) => void): { cancel(): void };
  unary(note: Note, done: (error: ServiceError | null) => void): { cancel(): void };
  serverStream(note: Note): NodeJS.ReadableStream & { cancel(): void };
  bidiStream(): NodeJS.ReadWriteStream & { cancel(): void };
}

/** What the handler of BidiStream does with its call. */
let handle: (call: Call) => void;

@Controller()
class ThrowingController extends ListeningHeldController {
  @GrpcStreamCall('Held', 'BidiStream')
  bidi(call: Call): void {
    handle(call);
  }

  override bidiStream(): never {
    throw new Error('not reached');
  }
}

describe('code of users that throws harms only its own call:', () => {
  let escapes: string[];
  let client: BackchannelClient;
  let registry: Registry;
  let connections: unknown[];
  let connect: () => Promise<Dialer>;

  beforeEach(async () => {
    escapes = catchEscapes();
    const listener = await startListener(heldServices, { controllers: [ThrowingController] });
    registry = listener.registry;
    connect = () =>
      startDialer({ ...heldServices, url: listener.url }, { controllers: [DialingHeldController] });
    ({ client } = await connect());
    connections = [await registry.waitFor()];
  });

  const raw = (): RawHeld => client.getClientByServiceName<RawHeld>('Held');

  /** Calls go well in both directions, on the connection that there was. */
  async function expectUnharmed(): Promise<void> {
    const stubs = [client.getService<Held>('Held'), [...registry][0]!.getService<Held>('Held')];
    const replies = stubs.map((stub) => firstValueFrom(stub.now({ text: 'well' })));
    expect(await soon(Promise.all(replies))).toEqual([{ text: 'well' }, { text: 'well' }]);
    expect([...registry]).toEqual(connections);
  }

  const fail = (): never => {
    throw new Error('of the user');
  };

  it('the callback of a call', async () => {
    raw().now({ text: '' }, fail);
    await eventually(() => escapes).toEqual(['of the user']);
    await expectUnharmed();
  });

  it('a listener of "data" of a stream that a caller reads', async () => {
    const stream = raw().serverStream({ text: '' });
    stream.on('error', () => {});
    stream.on('data', fail);
    await eventually(() => escapes).toEqual(['of the user']);
    stream.cancel();
    await expectUnharmed();
  });

  it('a listener of "metadata" of a caller', async () => {
    const stream = raw().serverStream({ text: '' });
    stream.on('error', () => {}).on('metadata', fail);
    stream.resume();
    await eventually(() => escapes).toEqual(['of the user']);
    stream.cancel();
    await expectUnharmed();
  });

  it('a listener of "data" in a handler', async () => {
    handle = (call) => void call.on('data', fail);
    const stream = raw().bidiStream();
    stream.on('error', () => {});
    stream.write({ text: 'a' } as never);
    await eventually(() => escapes).toEqual(['of the user']);
    stream.cancel();
    await expectUnharmed();
  });

  it('a listener of "end" in a handler', async () => {
    handle = (call) => void call.on('end', fail).resume();
    const stream = raw().bidiStream();
    stream.on('error', () => {});
    stream.end();
    await eventually(() => escapes).toEqual(['of the user']);
    stream.cancel();
    await expectUnharmed();
  });

  it('a listener of "cancelled" in a handler', async () => {
    const begun = new Promise<void>((resolve) => {
      handle = (call) => {
        call.on('cancelled', fail);
        resolve();
      };
    });
    const stream = raw().bidiStream();
    stream.on('error', () => {});
    stream.write({ text: 'a' } as never);
    await begun;
    stream.cancel();
    await eventually(() => escapes).toEqual(['of the user']);
    await expectUnharmed();
  });

  it('the handler of a stream', async () => {
    handle = fail;
    const stream = raw().bidiStream();
    const [error] = (await once(stream.resume(), 'error').catch((cause) => [cause])) as [Error];
    expect(error.message).toContain('UNKNOWN');
    expect(escapes).toEqual([]);
    await expectUnharmed();
  });

  it('a listener of the state of a connection', async () => {
    client.on('ready', fail);
    await eventually(() => escapes).toEqual(['of the user']);
    await expectUnharmed();
  });

  it('an observer of peers', async () => {
    const observation = registry.peers$.subscribe(fail);
    await connect();
    await eventually(() => escapes).toEqual(['of the user']);
    connections = [...registry];
    expect(connections).toHaveLength(2);
    await expectUnharmed();
    // It would fail at departures as well, when this test is over.
    observation.unsubscribe();
  });

  it('a predicate of waitFor', async () => {
    await expect(registry.waitFor(fail)).rejects.toThrow('of the user');
    expect(escapes).toEqual([]);
    await expectUnharmed();
  });
});

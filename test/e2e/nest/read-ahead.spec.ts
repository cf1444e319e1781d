import { credentials, type Client, type ClientDuplexStream } from '@grpc/grpc-js';
import { expect, it } from 'vitest';
import type { StubFactory } from 'nestjs-backchannel';
import { eventually } from '../../fixtures/nest/eventually.js';
import { directions, startPair, type Direction } from '../../fixtures/nest/pair.js';
import type { CallsStub } from '../../fixtures/nest/protos.js';

interface ChattingStub extends Client {
  chat(): ClientDuplexStream<object, { text: string }>;
}

type StubClass = new (
  address: string,
  security: ReturnType<typeof credentials.createInsecure>,
  options?: object,
) => ChattingStub;

const COUNT = 20;
const text = 'x'.repeat(300_000);
/** Of four such messages a stub may hold no more than half. */
const memory = { channelOptions: { 'grpc-node.max_session_memory': 2 } };

const isBuiltIn = process.env['BACKCHANNEL_ENGINE'] !== 'grpc-js';

/** A number above 0, once it stays as it is. */
async function settled(read: () => number): Promise<number> {
  let before = 0;
  await eventually(() => {
    const isSettled = before > 0 && before === read();
    before = read();
    return isSettled;
  }).toBe(true);
  return before;
}

/** The stubs of one direction, by how a user gets them. */
async function stubs(direction: Direction): Promise<Record<string, ChattingStub>> {
  const { client, peer } = await startPair({ backchannel: memory as never }, memory);
  const factory: StubFactory = direction === 'forward' ? client : peer;
  const stub = factory.getClientByServiceName<ChattingStub & CallsStub>('Calls');
  if (direction === 'forward') return { getClientByServiceName: stub };
  const Stub = stub.constructor as StubClass;
  return {
    getClientByServiceName: stub,
    client: peer.client(Stub),
    clientOptions: new Stub('unused', credentials.createInsecure(), peer.clientOptions),
  };
}

it.each(directions)(
  'every stub of the %s direction that is read slowly has few messages waiting, and loses none',
  async (direction) => {
    for (const [name, stub] of Object.entries(await stubs(direction))) {
      const call = stub.chat();
      for (let i = 0; i < COUNT; i += 1) call.write({ text });
      call.end();
      call.on('readable', () => {});
      const waiting = await settled(() => call.readableLength);
      if (isBuiltIn) expect([name, waiting < 8]).toEqual([name, true]);
      let received = 0;
      for await (const message of call) {
        received += Number((message as { text: string }).text.length >= text.length);
      }
      expect([name, received]).toEqual([name, COUNT]);
    }
  },
);

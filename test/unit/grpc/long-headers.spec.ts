import type { Duplex } from 'node:stream';
import { CallCredentials, credentials, Metadata, status, type ServiceError } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { builtInEngine, grpcJsEngine, type GrpcEngine } from '../../../lib/grpc/index.js';
import { RawCall } from '../../fixtures/grpc/raw-call.js';
import { stubOf, type Handlers, type Stub } from '../../fixtures/grpc/service.js';
import { Site } from '../../fixtures/grpc/site.js';

const ENGINES = [builtInEngine, grpcJsEngine];
const PAIRS = ENGINES.flatMap((server) => ENGINES.map((client) => ({ server, client })));

const KIB = 1024;
const ASCII = 'what went wrong, at length; ';
/** Characters of one to four bytes, and one that is encoded although it is a single byte. */
const MIXED = 'é€😀x% ';

let site: Site;

beforeEach(() => {
  site = new Site();
});

afterEach(() => site.close());

function textOf(part: string, length: number): string {
  return part.repeat(Math.ceil(length / part.length)).slice(0, length);
}

function metadataOf(bytes: number): Metadata {
  const metadata = new Metadata();
  metadata.set('long', 'x'.repeat(bytes));
  return metadata;
}

interface Ends {
  server: GrpcEngine;
  client: GrpcEngine;
}

/** A client, and a call of it that is open; `proveUnharmed` has it answered. */
async function connect(ends: Ends, handlers: Partial<Handlers>, channelOptions = {}) {
  const { address } = await site.serve(
    { ...handlers, bidi: (call) => void call.on('data', (message) => call.write(message)) },
    {},
    0,
    ends.server,
  );
  const insecure = credentials.createInsecure();
  const upgrade = async <T>(socket: T): Promise<T> => socket;
  const channel = ends.client.createDialChannel(address, insecure, upgrade, channelOptions);
  site.after(() => channel.close());
  const stub = stubOf(channel);
  const neighbour = stub.bidi();
  const ask = async (text: string): Promise<string> => {
    const answer = new Promise<Buffer>((resolve, reject) => {
      neighbour.once('data', resolve).once('error', reject);
    });
    neighbour.write(Buffer.from(text));
    return String(await answer);
  };
  expect(await ask('before')).toBe('before');
  const proveUnharmed = async (): Promise<void> => expect(await ask('behind')).toBe('behind');
  return { stub, channel, proveUnharmed };
}

function errorOf(stub: Stub, metadata = new Metadata()): Promise<ServiceError> {
  return new Promise((resolve, reject) => {
    stub.makeUnaryRequest(
      '/unit.Test/unary',
      (value: Buffer) => value,
      (value: Buffer) => value,
      Buffer.from('a request'),
      metadata,
      (error) => (error ? resolve(error) : reject(new Error('it was answered'))),
    );
  });
}

describe.each(PAIRS)('$server.name serves $client.name:', (ends) => {
  it.each([
    ['ASCII, of 100 KiB', textOf(ASCII, 100 * KIB)],
    ['ASCII, of 3 MiB', textOf(ASCII, 3 * KIB * KIB)],
    ['other characters, of 100 KiB', textOf(MIXED, 100 * KIB)],
    ['other characters, of 3 MiB', textOf(MIXED, 3 * KIB * KIB)],
  ])('a status text of %s is cut, and the status is the handler’s', async (_title, details) => {
    const { stub, proveUnharmed } = await connect(ends, {
      unary: (_call, callback) => callback({ code: status.NOT_FOUND, details }),
    });

    const error = await errorOf(stub);

    expect(error.code).toBe(status.NOT_FOUND);
    expect(error.details.length).toBeGreaterThan(5 * KIB);
    expect(error.details.length).toBeLessThan(details.length);
    expect(details.startsWith(error.details)).toBe(true);
    await proveUnharmed();
  });

  it('a status text is cut behind messages, too', async () => {
    const details = textOf(ASCII, 100 * KIB);
    const { stub, proveUnharmed } = await connect(ends, {
      list: (call) => {
        call.write(Buffer.from('one'));
        call.emit('error', { code: status.NOT_FOUND, details });
      },
    });

    const error = await new Promise<ServiceError>((resolve) => {
      stub.list(Buffer.alloc(1)).on('error', resolve).resume();
    });

    expect(error.code).toBe(status.NOT_FOUND);
    expect(details.startsWith(error.details)).toBe(true);
    await proveUnharmed();
  });

  it('metadata that is too long beside a status is left out', async () => {
    const { stub, proveUnharmed } = await connect(ends, {
      unary: (_call, callback) =>
        callback({ code: status.NOT_FOUND, details: 'gone', metadata: metadataOf(100 * KIB) }),
    });

    const error = await errorOf(stub);

    expect(error).toMatchObject({ code: status.NOT_FOUND, details: 'gone' });
    expect(error.metadata.get('long')).toEqual([]);
    await proveUnharmed();
  });

  it('metadata that has room stays when the text beside it is cut', async () => {
    const { stub } = await connect(ends, {
      unary: (_call, callback) =>
        callback({
          code: status.NOT_FOUND,
          details: textOf(ASCII, 100 * KIB),
          metadata: metadataOf(KIB),
        }),
    });

    const error = await errorOf(stub);

    expect(error.code).toBe(status.NOT_FOUND);
    expect(error.metadata.get('long')).toEqual(['x'.repeat(KIB)]);
  });

  it.each([100 * KIB, 3 * KIB * KIB])(
    'a response with headers of %i bytes fails instead',
    async (bytes) => {
      const { stub, proveUnharmed } = await connect(ends, {
        unary: (call, callback) => {
          call.sendMetadata(metadataOf(bytes));
          callback(null, Buffer.from('an answer'));
        },
      });

      const error = await errorOf(stub);

      expect(error.code).toBe(status.RESOURCE_EXHAUSTED);
      expect(error.details).toMatch(/^Headers of the response are too large: \d+ bytes of at most/);
      await proveUnharmed();
    },
  );

  it.each([100 * KIB, 3 * KIB * KIB])(
    'a request with metadata of %i bytes fails before it is sent',
    async (bytes) => {
      let served = 0;
      const { stub, proveUnharmed } = await connect(ends, {
        unary: (_call, callback) => {
          served += 1;
          callback(null, Buffer.alloc(0));
        },
      });

      const error = await errorOf(stub, metadataOf(bytes));

      expect(error.code).toBe(status.RESOURCE_EXHAUSTED);
      expect(error.details).toMatch(/^Headers of the request are too large: \d+ bytes of at most/);
      expect(served).toBe(0);
      await proveUnharmed();
    },
  );

  it('so does one to which credentials add too much', async () => {
    const { channel, proveUnharmed } = await connect(ends, {
      unary: (_call, callback) => callback(null, Buffer.alloc(0)),
    });
    const added = CallCredentials.createFromMetadataGenerator((_options, callback) =>
      callback(null, metadataOf(100 * KIB)),
    );

    const call = new RawCall(channel, { credentials: added });

    expect(await call.ended).toBe(status.RESOURCE_EXHAUSTED);
    expect(call.details).toMatch(/Headers of the request are too large: \d+ bytes of at most/);
    await proveUnharmed();
  });
});

it('texts that fill the socket of a slow reader are cut, and end no connection', async () => {
  const calls = 300;
  const answers: (() => void)[] = [];
  let areAllThere = (): void => {};
  const allThere = new Promise<void>((resolve) => (areAllThere = resolve));
  const details = textOf(ASCII, 60 * KIB);
  const { address } = await site.serve({
    unary: (_call, callback) => {
      answers.push(() => callback({ code: status.NOT_FOUND, details }));
      if (answers.length === calls) areAllThere();
    },
  });
  let socket: Duplex | undefined;
  const channel = builtInEngine.createDialChannel(
    address,
    credentials.createInsecure(),
    async (dialed) => (socket = dialed),
  );
  site.after(() => channel.close());
  const stub = stubOf(channel);
  const errors = Array.from({ length: calls }, () => errorOf(stub));
  await allThere;

  socket!.pause();
  for (const answer of answers) {
    answer();
    await new Promise(setImmediate);
  }
  socket!.resume();

  for (const error of await Promise.all(errors)) {
    expect(error.code).toBe(status.NOT_FOUND);
    expect(details.startsWith(error.details)).toBe(true);
  }
});

describe('a peer that takes few headers', () => {
  const ends = { server: builtInEngine, client: builtInEngine };
  const few = { 'grpc.max_metadata_size': 1000 };

  it('gets the status with as much of its text as it takes', async () => {
    const details = textOf(MIXED, 2000);
    const { stub, proveUnharmed } = await connect(
      ends,
      { unary: (_call, callback) => callback({ code: status.NOT_FOUND, details }) },
      few,
    );

    const error = await errorOf(stub);

    expect(error.code).toBe(status.NOT_FOUND);
    expect(error.details.length).toBeGreaterThan(100);
    expect(details.startsWith(error.details)).toBe(true);
    await proveUnharmed();
  });

  it('gets the status without its metadata', async () => {
    const { stub, proveUnharmed } = await connect(
      ends,
      {
        unary: (_call, callback) =>
          callback({ code: status.NOT_FOUND, details: 'gone', metadata: metadataOf(1000) }),
      },
      few,
    );

    expect(await errorOf(stub)).toMatchObject({ code: status.NOT_FOUND, details: 'gone' });
    await proveUnharmed();
  });
});

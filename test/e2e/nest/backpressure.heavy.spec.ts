import { Controller } from '@nestjs/common';
import { GrpcMethod, GrpcStreamMethod } from '@nestjs/microservices';
import { defer, from, lastValueFrom, map, mergeMap, of, reduce, type Observable } from 'rxjs';
import { beforeEach, describe, expect, it } from 'vitest';
import { soon } from '../../fixtures/nest/end-of.js';
import {
  madeProto,
  startMade,
  type MadeServices,
  type Text,
} from '../../fixtures/nest/made-services.js';
import { directions } from '../../fixtures/nest/pair.js';

const services: MadeServices = {
  Flow: {
    Now: 'unary',
    Late: 'client stream',
    Loop: 'client stream',
    Many: 'server stream',
    Echo: 'bidi',
  },
};

const TEXT = 'x'.repeat(64 * 1024);
/** Messages of a stream, 20 MiB in all. */
const MESSAGES = 320;
/** More than the windows, and what is read ahead, have room for. */
const AHEAD = 120;

type Stub = Record<string, (requests: unknown) => Observable<Text>>;

let given = 0;
/** The handlers wait for it. */
let open: () => void;
let opened: Promise<void>;

async function* counting(): AsyncGenerator<Text> {
  for (given = 0; given < MESSAGES;) {
    given += 1;
    yield { text: TEXT };
  }
}

const count = (requests: Observable<Text>): Observable<Text> =>
  requests.pipe(
    reduce((sum) => sum + 1, 0),
    map((sum) => ({ text: String(sum) })),
  );

@Controller()
class FlowController {
  @GrpcMethod('Flow')
  now(): Text {
    return {};
  }

  /** Subscribes late. */
  @GrpcStreamMethod('Flow')
  late(requests: Observable<Text>): Observable<Text> {
    return defer(() => opened).pipe(mergeMap(() => count(requests)));
  }

  /** Reads the second request late. */
  @GrpcStreamMethod('Flow')
  async loop(requests: Observable<Text> & AsyncIterable<Text>): Promise<Text> {
    let sum = 0;
    for await (const _request of requests) {
      await opened;
      sum += 1;
    }
    return { text: String(sum) };
  }

  @GrpcMethod('Flow')
  many(): AsyncIterable<Text> {
    return counting();
  }

  @GrpcStreamMethod('Flow')
  echo(requests: Observable<Text>): Observable<Text> {
    return requests.pipe(map((request) => ({ ...request })));
  }
}

describe.each(directions)('a %s call', (direction) => {
  let stub: Stub;
  let raw: Record<string, (...args: unknown[]) => NodeJS.ReadWriteStream>;

  beforeEach(async () => {
    opened = new Promise((resolve) => (open = resolve));
    const parts = { controllers: [FlowController] };
    const stubs = await startMade(madeProto('flow', services), direction, parts);
    stub = stubs.getService<Stub>('Flow');
    raw = stubs.getClientByServiceName('Flow');
  });

  /** Time for what would go through to do so: it is as long as 30 other calls, one after the other. */
  async function settle(): Promise<void> {
    for (let i = 0; i < 30; i += 1) await soon(lastValueFrom(stub['now']!({})));
  }

  it.each(['late', 'loop'])('has its requests wait for their reader: %s', async (method) => {
    const reply = lastValueFrom(stub[method]!(counting()));
    await settle();
    expect(given).toBeLessThan(AHEAD);
    open();
    expect(await reply).toEqual({ text: String(MESSAGES) });
  });

  it('has its responses wait for their reader', async () => {
    const call = raw['many']!({});
    call.once('data', () => call.pause());
    await settle();
    expect(given).toBeLessThan(AHEAD);
    let read = 0;
    for await (const _response of call) read += 1;
    expect(read + 1).toBe(MESSAGES);
  });

  it('has its requests wait while nobody reads the responses to them', async () => {
    const call = raw['echo']!() as NodeJS.ReadWriteStream & { cancel(): void };
    let written = 0;
    const write = (): void => {
      while (written < MESSAGES && call.write({ text: TEXT } as never)) written += 1;
    };
    call.on('drain', write);
    call.on('error', () => {});
    write();
    await settle();
    expect(written).toBeLessThan(2 * AHEAD);
    call.cancel();
  });

  it('may have more requests than there is room for, if they are there at once', async () => {
    const texts = Array.from({ length: 2000 }, (_, i) => ({ text: String(i) }));
    const reply = lastValueFrom(stub['late']!(from(texts)));
    open();
    expect(await soon(reply)).toEqual({ text: '2000' });
    expect(await soon(lastValueFrom(stub['echo']!(of({ text: 'a' }))))).toEqual({ text: 'a' });
  });
});

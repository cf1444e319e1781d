import type { Socket } from 'node:net';
import { status, type handleUnaryCall, type sendUnaryData } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConnectionInfo, type CallProblem } from '../../../../lib/grpc/index.js';
import { engines } from '../../../fixtures/engines.js';
import { RawCall } from '../../../fixtures/grpc/raw-call.js';
import { service } from '../../../fixtures/grpc/service.js';
import { Site, type Channel } from '../../../fixtures/grpc/site.js';
import { eventually } from '../../../fixtures/nest/eventually.js';

const PROBLEM = { code: status.RESOURCE_EXHAUSTED, details: 'two calls are enough' };

/** Admits two calls at a time, and writes down what it is asked. */
class TwoCalls extends ConnectionInfo {
  readonly asked: number[] = [];

  override callProblem(openCalls: number): CallProblem | undefined {
    this.asked.push(openCalls);
    return openCalls > 2 ? PROBLEM : undefined;
  }
}

describe.each(engines)('a call that may not begin, on the engine $name', (engine) => {
  let site: Site;

  beforeEach(() => {
    site = new Site();
  });

  afterEach(() => site.close());

  /** A server whose handler waits; all sockets belong to one connection. */
  async function serve() {
    const answers: sendUnaryData<Buffer>[] = [];
    const unary: handleUnaryCall<Buffer, Buffer> = (_call, answer) => void answers.push(answer);
    const server = engine.createServer();
    server.addService(service, { unary });
    site.after(() => server.forceShutdown());
    let connection: TwoCalls | undefined;
    const { address } = await site.port((socket: Socket) => {
      connection ??= new TwoCalls(socket);
      server.serve(socket, connection);
    });
    /** Begins a call whose handler runs. */
    const admitted = async (channel: Channel): Promise<RawCall> => {
      const before = answers.length;
      const call = new RawCall(channel);
      await eventually(() => answers.length).toBe(before + 1);
      return call;
    };
    const asked = (): readonly number[] => connection!.asked;
    return { channel: () => site.channel(address), answers, admitted, asked };
  }

  it('ends with the status of the connection, and no handler runs', async () => {
    const { channel, answers, admitted, asked } = await serve();
    const one = channel();
    await admitted(one);
    await admitted(one);

    const third = new RawCall(one);

    expect(await third.ended).toBe(PROBLEM.code);
    expect(third.details).toBe(PROBLEM.details);
    expect(third.messages).toEqual([]);
    expect(asked()).toEqual([1, 2, 3]);
    expect(answers).toHaveLength(2);
  });

  it('counts no more when it is over, though its request is not', async () => {
    const { channel, admitted, asked } = await serve();
    const one = channel();
    await admitted(one);
    await admitted(one);

    for (let i = 0; i < 10; i += 1) {
      expect(await new RawCall(one, { ends: false }).ended).toBe(PROBLEM.code);
    }

    expect(asked().slice(2)).toEqual(Array.from({ length: 10 }, () => 3));
  });

  it('is followed by one that is admitted, once another has ended or was cancelled', async () => {
    const { channel, answers, admitted, asked } = await serve();
    const one = channel();
    const [first, second] = [await admitted(one), await admitted(one)];

    answers[0]!(null, Buffer.from('done'));
    expect(await first.ended).toBe(status.OK);
    await admitted(one);
    second.call.cancelWithStatus(status.CANCELLED, 'no longer');
    await second.ended;
    const ping = new RawCall(one, { path: '/unit.Test/nothing' });
    await ping.ended;
    await admitted(one);

    expect(Math.max(...asked())).toBe(2);
  });

  it('is one of all streams of the connection together', async () => {
    const { channel, admitted, asked } = await serve();
    await admitted(channel());
    await admitted(channel());

    expect(await new RawCall(channel()).ended).toBe(PROBLEM.code);
    expect(asked()).toEqual([1, 2, 3]);
  });
});

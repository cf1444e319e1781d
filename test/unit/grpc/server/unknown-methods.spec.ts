import { status, type handleBidiStreamingCall } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BuiltInServer } from '../../../../lib/grpc/index.js';
import { stubOf } from '../../../fixtures/grpc/service.js';
import { Site } from '../../../fixtures/grpc/site.js';

let site: Site;

beforeEach(() => {
  site = new Site();
});

afterEach(() => site.close());

/** A server that has no method, but what serves those that it does not know. */
async function serve(handler?: handleBidiStreamingCall<Buffer, Buffer>) {
  const server = new BuiltInServer();
  server.setUnknownMethodHandler(handler);
  const { address } = await site.port((socket) => void server.serve(socket));
  site.after(() => server.forceShutdown());
  return { server, stub: stubOf(site.channel(address)) };
}

/** Answers each message with the path of the method and the message. */
const answer: handleBidiStreamingCall<Buffer, Buffer> = (call) => {
  call.on('data', (message: Buffer) =>
    call.write(Buffer.from(`${call.getPath()} ${String(message)}`)),
  );
  call.on('end', () => call.end());
};

describe('a method that a server does not know', () => {
  it('is served by its handler, whatever its kind', async () => {
    const { stub } = await serve(answer);
    const unary = new Promise((resolve, reject) => {
      stub.unary(Buffer.from('one'), (error, reply) => (error ? reject(error) : resolve(reply)));
    });
    const bidi = stub.bidi();
    const replies: string[] = [];
    bidi.on('data', (reply: Buffer) => replies.push(String(reply)));
    const ended = new Promise((resolve) => bidi.on('status', resolve));
    bidi.write(Buffer.from('a'));
    bidi.write(Buffer.from('b'));
    bidi.end();

    expect(String(await unary)).toBe('/unit.Test/unary one');
    expect(await ended).toMatchObject({ code: status.OK });
    expect(replies).toEqual(['/unit.Test/bidi a', '/unit.Test/bidi b']);
  });

  it.each([[undefined], [(): void => {}]])(
    'is not implemented without one, nor when it was taken away',
    async (first) => {
      const { server, stub } = await serve(first);
      server.setUnknownMethodHandler(undefined);

      const error = await new Promise((resolve) => stub.unary(Buffer.from('one'), resolve));

      expect(error).toMatchObject({
        code: status.UNIMPLEMENTED,
        details: 'The server does not implement the method /unit.Test/unary',
      });
    },
  );

  it('ends with INTERNAL if its handler answers with something else than bytes', async () => {
    const { stub } = await serve((call) => {
      call.write('text' as never);
    });

    const error = await new Promise((resolve) => stub.unary(Buffer.from('one'), resolve));

    expect(error).toMatchObject({
      code: status.INTERNAL,
      details: 'Error serializing response',
    });
  });

  it('may be refused by its handler with any status', async () => {
    const { stub } = await serve((call) => {
      call.emit('error', { code: status.NOT_FOUND, details: `no ${call.getPath()} anywhere` });
    });

    const error = await new Promise((resolve) => stub.unary(Buffer.from('one'), resolve));

    expect(error).toMatchObject({
      code: status.NOT_FOUND,
      details: 'no /unit.Test/unary anywhere',
    });
  });
});

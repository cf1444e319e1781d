import { describe, expect, it } from 'vitest';
import { Peer, ClientConn } from '../../../lib/backchannel/index.js';
import { builtInEngine } from '../../../lib/grpc/index.js';
import { createHubTransport, createPeerTransport } from '../../../lib/connect/index.js';

const channel = builtInEngine.createStreamChannel(() => Promise.reject(new Error('nowhere')));
const conn = new ClientConn(channel);
const peer = new Peer(1, conn);

describe('createPeerTransport', () => {
  it.each([
    ['a peer', peer],
    ['a ClientConn', conn],
  ])('takes %s', (_, given) => {
    expect(createPeerTransport(given)).toHaveProperty('unary');
  });

  it.each([
    ['nothing', undefined, 'not undefined'],
    ['the id of a peer', 7, 'not 7 (a number)'],
    ['a promise of a peer', Promise.resolve(peer), 'not a promise, which has to be awaited'],
    ['a channel', channel, '(an object)'],
  ])('names the remedy for %s', (_, given, end) => {
    const message =
      'createPeerTransport: the first argument must be a Peer of the registry or the ClientConn of @Backchannel(), ';

    expect(() => createPeerTransport(given as unknown as Peer)).toThrow(message);
    expect(() => createPeerTransport(given as unknown as Peer)).toThrow(end);
  });

  it.each([
    [{ interceptors: 'one' }, '"interceptors" must be an array of interceptors of Connect'],
    [{ defaultTimeoutMs: 0 }, '"defaultTimeoutMs" must be a whole number of milliseconds from 1'],
    [{ timeoutMs: 5 }, 'unknown option "timeoutMs"'],
    [{ binaryOptions: true }, '"binaryOptions" must be an object'],
    [{ interceptor: [] }, 'did you mean "interceptors"?'],
  ])('refuses the options %j', (options, message) => {
    expect(() => createPeerTransport(peer, options as object)).toThrow(message);
  });
});

describe('createHubTransport', () => {
  it.each([
    ['a client', { unwrap: () => channel }],
    ['a channel', channel],
  ])('takes %s', (_, given) => {
    expect(createHubTransport(given as typeof channel)).toHaveProperty('unary');
  });

  it.each([
    ['nothing', undefined],
    ['an address', 'localhost:50051'],
    ['a peer', peer],
    ['a client whose channel is none', { unwrap: () => undefined }],
  ])('names the remedy for %s', (_, given) => {
    expect(() => createHubTransport(given as unknown as typeof channel)).toThrow(
      'createHubTransport: the first argument must be a BackchannelClient or the channel of ClientHandshaker.createChannel, not ',
    );
  });

  it('verifies its options', () => {
    expect(() => createHubTransport(channel, { retries: 3 } as object)).toThrow(
      'createHubTransport: unknown option "retries"',
    );
  });
});

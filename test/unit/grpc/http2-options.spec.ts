import { credentials } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { http2OptionsOf } from '../../../lib/grpc/built-in/http2-options.js';
import { planWindows } from '../../../lib/http2/inbound/window-plan.js';
import { showValue } from '../../../lib/options/index.js';
import { engines } from '../../fixtures/engines.js';
import { service, stubOf, type Handlers } from '../../fixtures/grpc/service.js';
import { Site } from '../../fixtures/grpc/site.js';

const MiB = 1024 * 1024;

describe('the options of a connection', () => {
  it('let 10,000 calls have no more than 256 MiB unread, by default', () => {
    const options = http2OptionsOf({}, true);
    expect(options).toMatchObject({ maxConcurrentStreams: 10_000, maxUnreadBytes: 256 * MiB });
    expect(planWindows(options, false)).toMatchObject({ fewStreams: 256, small: 10_066 });
  });

  it('give each call the window that was asked for, however many there are', () => {
    const options = http2OptionsOf(
      { 'grpc-node.flow_control_window': MiB, 'grpc.max_concurrent_streams': 1000 },
      true,
    );
    expect(options.maxUnreadBytes).toBe(1000 * MiB);
    expect(planWindows(options, false)).toMatchObject({ fewStreams: Infinity, full: MiB });
  });

  it.each([
    ['grpc-node.flow_control_window', 2 ** 31, 'from 1 to 2147483647, not 2147483648 (a number)'],
    ['grpc-node.flow_control_window', '65536', `from 1 to 2147483647, not '65536' (a string)`],
    ['grpc.max_metadata_size', -1, 'from 0 to 4294967295, not -1 (a number)'],
    ['grpc.max_concurrent_streams', 0.5, 'from 0 to 4294967295, not 0.5 (a number)'],
  ])('name the option that cannot be: %s of %o', (name, value, says) => {
    expect(() => http2OptionsOf({ [name]: value as number }, true)).toThrow(
      `HTTP/2 option "${name}" must be a whole number ${says}`,
    );
  });

  it.each(['grpc-node.flow_control_window', 'grpc.max_metadata_size'])(
    'do not take the text of a number for the number, though that was valid before: %s',
    (name) => {
      http2OptionsOf({ [name]: 54_321 }, true);
      expect(() => http2OptionsOf({ [name]: '54321' as unknown as number }, true)).toThrow(
        `not '54321' (a string)`,
      );
    },
  );
});

describe.each(engines)('the engine $name', (engine) => {
  const site = new Site();

  it.each([-1, '100'])('names the number of calls that a server cannot have: %o', (value) => {
    const options = { 'grpc.max_concurrent_streams': value as number };
    expect(() => engine.createServer(options)).toThrow(
      `"grpc.max_concurrent_streams" must be a whole number from 0 to 4294967295, not ${showValue(value)}`,
    );
  });

  it.each([2 ** 31, '65536'])('names the window that a channel cannot have: %o', (value) => {
    const options = { 'grpc-node.flow_control_window': value as number };
    const problem = `"grpc-node.flow_control_window" must be a whole number from 1 to 2147483647, not ${showValue(value)}`;
    expect(() => engine.createStreamChannel(() => new Promise(() => {}), options)).toThrow(problem);
    const insecure = credentials.createInsecure();
    const dial = () =>
      engine.createDialChannel('127.0.0.1:1', insecure, async (socket) => socket, options);
    expect(dial).toThrow(problem);
  });

  it('takes Infinity for no limit of calls', async () => {
    const server = engine.createServer({ 'grpc.max_concurrent_streams': Infinity });
    const handlers: Partial<Handlers> = {
      unary: (call, callback) => callback(null, call.request),
    };
    server.addService(service, { ...handlers });
    const { address } = await site.port((socket) => server.serve(socket));
    site.after(() => server.forceShutdown());
    const stub = stubOf(site.channel(address));

    const answer = await new Promise((resolve, reject) => {
      stub.unary(Buffer.from('x'), (error, value) => (error ? reject(error) : resolve(value)));
    });

    expect(String(answer)).toBe('x');
    await site.close();
  });
});

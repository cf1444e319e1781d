import { once } from 'node:events';
import { connect } from 'node:http2';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConnectionInfo } from '../../../../lib/grpc/index.js';
import { MemoryConnection } from '../../../../lib/testing/memory-connection.js';
import { engines } from '../../../fixtures/engines.js';
import { service, type Handlers } from '../../../fixtures/grpc/service.js';
import { Site } from '../../../fixtures/grpc/site.js';

const LONG = '%'.repeat(10_000);
/** A message that is said to be compressed. */
const COMPRESSED = Buffer.from([1, 0, 0, 0, 1, 0]);
const PATH = '/unit.Test/unary';

let site: Site;

beforeEach(() => {
  site = new Site();
});

afterEach(() => site.close());

describe.each(engines)('the text of a status of the engine $name', (engine) => {
  /** Headers, or trailers, that end the answer to a request. */
  async function answerTo(headers: Record<string, string>): Promise<NodeJS.Dict<unknown>> {
    const server = engine.createServer();
    const handlers: Partial<Handlers> = { unary: (_call, answer) => answer(null, Buffer.alloc(0)) };
    server.addService(service, handlers as never);
    site.after(() => server.forceShutdown());
    const [near, far] = MemoryConnection.pair();
    server.serve(near, new ConnectionInfo(near));
    const session = connect('http://here', { createConnection: () => far });
    site.after(() => session.destroy());
    const request = session.request({
      ':method': 'POST',
      ':path': PATH,
      te: 'trailers',
      'content-type': 'application/grpc',
      ...headers,
    });
    request.end(COMPRESSED);
    const [response] = (await once(request, 'response')) as [NodeJS.Dict<unknown>];
    if (response['grpc-status'] !== undefined) return response;
    request.resume();
    const [trailers] = (await once(request, 'trailers')) as [NodeJS.Dict<unknown>];
    return trailers;
  }

  it.each([
    ['path', { ':path': `${PATH}${LONG}` }, 'The.+server.+does.+not.+implement'],
    ['grpc-timeout', { 'grpc-timeout': LONG }, ''],
    ['grpc-encoding', { 'grpc-encoding': LONG }, ''],
  ])('repeats no more than the beginning of a long %s', async (_name, headers, beginning) => {
    const { 'grpc-message': message } = await answerTo(headers);

    expect(message).toMatch(new RegExp(`^${beginning}.`));
    expect(String(message).length).toBeLessThan(500);
  });

  it('repeats a short one as it is', async () => {
    const { 'grpc-message': message } = await answerTo({ ':path': '/unit.Test/%C3%A4' });

    expect(message).toMatch(/unit\.Test\/(%|%25)C3/);
  });
});

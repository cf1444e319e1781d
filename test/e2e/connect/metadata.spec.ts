import { Code, decodeBinaryHeader, encodeBinaryHeader } from '@connectrpc/connect';
import { Metadata } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { directions } from '../../fixtures/nest/pair.js';
import { collected } from '../../fixtures/connect/streams.js';
import { startTalk } from '../../fixtures/connect/talk.js';

function metadataOf(entries: Record<string, string | Buffer>): Metadata {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(entries)) metadata.add(name, value);
  return metadata;
}

describe.each(directions)('metadata of a client of Connect, %s:', (direction) => {
  it('headers reach the handler, binary ones as bytes', async () => {
    let received!: Metadata;
    const { talk } = await startTalk(direction, {
      Ask: (call, callback) => {
        received = call.metadata;
        callback(null, {});
      },
    });
    const headers = new Headers({ tenant: 'blue' });
    headers.append('trace-bin', encodeBinaryHeader(new Uint8Array([1, 2, 255])));
    headers.append('trace-bin', encodeBinaryHeader(new Uint8Array([3])));

    await talk.ask({}, { headers });

    expect(received.get('tenant')).toEqual(['blue']);
    expect(received.get('trace-bin')).toEqual([Buffer.from([1, 2, 255]), Buffer.from([3])]);
  });

  it.each(['ask', 'listen'] as const)(
    'headers and trailers of the response are told apart (%s)',
    async (method) => {
      const { talk } = await startTalk(direction, {
        Ask: (call, callback) => {
          call.sendMetadata(metadataOf({ place: 'head', 'raw-bin': Buffer.from([9]) }));
          callback(null, {}, metadataOf({ place: 'tail', 'end-bin': Buffer.from([255, 0]) }));
        },
        Listen: (call) => {
          call.sendMetadata(metadataOf({ place: 'head', 'raw-bin': Buffer.from([9]) }));
          call.write({});
          call.end(metadataOf({ place: 'tail', 'end-bin': Buffer.from([255, 0]) }));
        },
      });
      let header!: Headers;
      let trailer!: Headers;
      const options = {
        onHeader: (received: Headers) => (header = received),
        onTrailer: (received: Headers) => (trailer = received),
      };

      if (method === 'ask') await talk.ask({}, options);
      else await collected(talk.listen({}, options));

      expect(header.get('place')).toBe('head');
      expect([...decodeBinaryHeader(header.get('raw-bin')!)]).toEqual([9]);
      expect(trailer.get('place')).toBe('tail');
      expect([...decodeBinaryHeader(trailer.get('end-bin')!)]).toEqual([255, 0]);
    },
  );

  it('headers come before the first message', async () => {
    let end!: () => void;
    let messages!: Promise<unknown[]>;
    const { talk } = await startTalk(direction, {
      Listen: (call) => {
        call.sendMetadata(metadataOf({ place: 'head' }));
        end = () => call.end();
      },
    });
    const place = new Promise<string | null>((resolve) => {
      const onHeader = (header: Headers): void => resolve(header.get('place'));
      messages = collected(talk.listen({}, { onHeader }));
    });

    expect(await place).toBe('head');
    end();
    expect(await messages).toEqual([]);
  });

  it.each([
    ['text that gRPC cannot carry', { note: 'ü' }],
    ['a binary header that is not base64', { 'note-bin': '*' }],
    ['a header of HTTP/1.1 connections', { connection: 'keep-alive' }],
    ['an option of HTTP/1.1 connections', { 'keep-alive': 'timeout=5' }],
    ['a header of connections to proxies', { 'proxy-connection': 'keep-alive' }],
    ['an encoding of HTTP/1.1', { 'transfer-encoding': 'chunked' }],
    ['an upgrade of HTTP/1.1', { upgrade: 'h2c' }],
    ['the settings of an upgrade', { 'http2-settings': 'AAMAAABk' }],
    ['a length of the request', { 'content-length': '3' }],
    ['a host', { host: 'example.org' }],
    ['a timeout', { 'grpc-timeout': '1S' }],
  ])('%s fails the call before it begins', async (_, headers) => {
    let calls = 0;
    const { talk } = await startTalk(direction, {
      Ask: (_call, callback) => {
        calls += 1;
        callback(null, {});
      },
    });

    await expect(talk.ask({}, { headers })).rejects.toMatchObject({
      code: Code.InvalidArgument,
      rawMessage: expect.stringContaining(`header "${Object.keys(headers)[0]}" cannot be sent`),
    });
    await talk.ask({});
    expect(calls).toBe(1);
  });

  it('headers that belong to the channel are ignored', async () => {
    let received!: Metadata;
    const { talk } = await startTalk(direction, {
      Ask: (call, callback) => {
        received = call.metadata;
        callback(null, {});
      },
    });

    await talk.ask({}, { headers: { 'content-type': 'text/plain', te: 'gzip', tenant: 'blue' } });

    expect(received.get('tenant')).toEqual(['blue']);
    expect(received.get('te')).not.toContain('gzip');
    expect(received.get('content-type')).not.toContain('text/plain');
  });
});

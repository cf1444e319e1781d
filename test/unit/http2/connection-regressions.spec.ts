import { afterEach, describe, expect, it } from 'vitest';
import { ErrorCode } from '../../../lib/http2/index.js';
import { FLAG, frame, number32, TYPE } from '../../fixtures/http2/raw-client.js';
import {
  MAX_FRAME,
  SETTING,
  STATUS_200,
  CONTENT_LENGTH_5,
  closing,
  settings,
  greeted,
  settle,
  bytesOf,
  openRequest,
  wholeRequest,
  credit,
  dataFrames,
  answering,
  pair,
  send,
} from '../../fixtures/http2/connections.js';

afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
});

describe('an HTTP/2 connection, once wrong', () => {
  it('rejects a ping after the end', async () => {
    const { client } = pair();
    client.destroy();
    await expect(client.ping()).rejects.toThrow();
  });

  it('ends a stream by an empty write though its window is negative', async () => {
    const { peer, stream } = await answering({}, [SETTING.initialWindowSize, 10]);
    stream.write([Buffer.alloc(10)], 10);
    await settle(peer);
    peer.write(settings([SETTING.initialWindowSize, 5]));
    await settle(peer);
    stream.write([], 0, true);
    peer.write(credit(1, 1000));
    const frames = await settle(peer);
    expect(frames.map(({ flags }) => flags)).toEqual([FLAG.endStream]);
  });

  it('ends a stream by an empty write though the socket is full', async () => {
    const { peer, stream, connection } = await answering({}, [
      SETTING.initialWindowSize,
      2 ** 31 - 1,
    ]);
    peer.write(credit(0, 2 ** 30));
    await settle(peer);
    peer.socket.pause();
    let n = 0;
    while (connection.unsentBytes === 0) {
      stream.write([Buffer.alloc(MAX_FRAME)], MAX_FRAME);
      n++;
    }
    stream.write([], 0, true);
    peer.socket.resume();
    const frames = await settle(peer);
    expect(bytesOf(frames)).toBe(n * MAX_FRAME);
    expect(frames.at(-1)!.flags).toBe(FLAG.endStream);
  });

  it('ends once, and throws nothing, when a peer that reads nothing is owed too much', async () => {
    const { peer, recorders, stream, connection, ends } = await answering({}, [
      SETTING.initialWindowSize,
      2 ** 31 - 1,
    ]);
    peer.write(
      credit(0, 2 ** 30),
      ...Array.from({ length: 200 }, (_, i) => wholeRequest(2 * i + 3)),
    );
    await settle(peer);
    peer.socket.pause();
    while (connection.unsentBytes === 0) stream.write([Buffer.alloc(MAX_FRAME)], MAX_FRAME);
    await new Promise((r) => setImmediate(r));
    for (let k = 0; k < 50; k++) {
      while (connection.unsentBytes === 0) stream.write([Buffer.alloc(MAX_FRAME)], MAX_FRAME);
      await new Promise((r) => setImmediate(r));
    }
    for (const { stream: other } of recorders.slice(1)) {
      other!.sendHeaders([':status', '200', 'x-large', '\\'.repeat(10_000)], true);
    }
    await new Promise((r) => setImmediate(r));
    expect(ends).toHaveLength(1);
  });

  it('resets a stream whose response begins with DATA', async () => {
    const { peer, connection } = await greeted({ role: 'client' });
    const recorder = send(connection);
    peer.write(frame(TYPE.data, FLAG.endStream, 1, Buffer.from('hello')));
    const error = await recorder.closed;
    expect(error?.http2Code).toBe(ErrorCode.ProtocolError);
  });

  it('resets a stream whose response is not as long as it says', async () => {
    const { peer, connection } = await greeted({ role: 'client' });
    const recorder = send(connection);
    peer.write(
      frame(TYPE.headers, FLAG.endHeaders, 1, Buffer.concat([STATUS_200, CONTENT_LENGTH_5])),
      frame(TYPE.data, FLAG.endStream, 1, Buffer.from('hell')),
    );
    expect((await recorder.closed)?.http2Code).toBe(ErrorCode.ProtocolError);
  });

  it('opens no streams after goAway()', async () => {
    const { connection } = await greeted({ role: 'client' });
    send(connection);
    connection.goAway();
    expect(connection.hasRoom).toBe(false);
  });

  it('ignores streams that a peer opened before it knew of the GOAWAY, and what belongs to them', async () => {
    const { peer, connection, ends } = await answering();
    connection.goAway();
    const ping = await peer.until(({ type }) => type === TYPE.ping);
    peer.write(frame(TYPE.ping, FLAG.ack, 0, ping.payload));
    await peer.until(({ type }) => type === TYPE.goAway);
    peer.write(openRequest(3), dataFrames(3, 5));
    await settle(peer).catch(() => {});
    expect(ends).toEqual([]);
  });

  it('serves a client that wants no streams of ours', async () => {
    const { peer, recorders } = await answering();
    peer.write(frame(TYPE.goAway, 0, 0, Buffer.alloc(8)));
    peer.write(wholeRequest(3));
    await settle(peer);
    expect(recorders).toHaveLength(2);
  });

  it('closes the last stream before the connection', async () => {
    const { peer, connection, ends } = await greeted({ role: 'client' });
    const recorder = send(connection);
    let endsAtClose = -1;
    const close = recorder.onClose.bind(recorder);
    recorder.onClose = (e) => {
      endsAtClose = ends.length;
      close(e);
    };
    peer.write(
      frame(TYPE.goAway, 0, 0, Buffer.concat([number32(1), number32(0)])),
      frame(TYPE.headers, FLAG.endHeaders | FLAG.endStream, 1, STATUS_200),
    );
    await recorder.closed;
    expect(endsAtClose).toBe(0);
  });

  it('keeps trailers that wait behind data, whatever is asked for later', async () => {
    const { peer, stream } = await answering({}, [SETTING.initialWindowSize, 5]);
    stream.sendHeaders([':status', '200']);
    stream.write([Buffer.alloc(10)], 10);
    stream.sendHeaders(['x-trailer', 'bye'], true);
    stream.end();
    stream.write([Buffer.alloc(3)], 3, true);
    peer.write(credit(1, 50));
    const frames = await settle(peer);
    expect(frames.map(({ type }) => type)).toEqual([
      TYPE.headers,
      TYPE.data,
      TYPE.data,
      TYPE.headers,
    ]);
    expect(bytesOf(frames)).toBe(10);
  });

  it('says GOAWAY once, however often it is told to', async () => {
    const { connection, peer } = await answering();
    connection.goAway();
    connection.goAway();
    const frames = await settle(peer);
    expect(frames.filter(({ type }) => type === TYPE.goAway)).toHaveLength(1);
  });
});

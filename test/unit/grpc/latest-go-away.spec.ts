import { once } from 'node:events';
import { Duplex } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { LatestGoAway } from '../../../lib/grpc/grpc-js/latest-go-away.js';
import { encodeGoAway, ErrorCode } from '../../../lib/http2/index.js';

function connectionOf(goAways: LatestGoAway): Duplex {
  const stream = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
  goAways.follow(stream);
  return stream;
}

/** Has the other end of `connection` send a GOAWAY. */
function goAway(connection: Duplex, message: string): void {
  connection.push(encodeGoAway(ErrorCode.NoError, message));
}

async function end(connection: Duplex): Promise<void> {
  const closed = once(connection, 'close');
  connection.destroy();
  await closed;
}

describe('the GOAWAY of the latest connection', () => {
  it('is its first one', () => {
    const goAways = new LatestGoAway();
    const connection = connectionOf(goAways);
    expect(goAways.value).toBeUndefined();

    goAway(connection, 'first');
    goAway(connection, 'second');

    expect(goAways.value).toEqual({ code: ErrorCode.NoError, message: 'first' });
  });

  it('is not that of an older one, even when the latest one has ended', async () => {
    const goAways = new LatestGoAway();
    const old = connectionOf(goAways);
    goAway(old, 'old');
    const latest = connectionOf(goAways);
    expect(goAways.value).toBeUndefined();

    await end(latest);

    expect(goAways.value).toBeUndefined();
  });

  // grpc-js dials several addresses of a name at once.
  it('is that of the connection that remains of several attempts', async () => {
    const goAways = new LatestGoAway();
    const used = connectionOf(goAways);
    await end(connectionOf(goAways));

    goAway(used, 'used');

    expect(goAways.value).toMatchObject({ message: 'used' });
  });

  it('counts until an attempt fails that has reached no other end', () => {
    const goAways = new LatestGoAway();
    goAway(connectionOf(goAways), 'old');

    goAways.attemptBegins();
    expect(goAways.value).toMatchObject({ message: 'old' });
    goAways.attemptFails();

    expect(goAways.value).toBeUndefined();
  });

  it('counts when the attempt that it refuses fails', () => {
    const goAways = new LatestGoAway();
    goAways.attemptBegins();
    goAway(connectionOf(goAways), 'refused');
    goAways.attemptFails();

    expect(goAways.value).toMatchObject({ message: 'refused' });
  });
});

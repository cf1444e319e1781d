import { afterEach, describe, expect, it, vi } from 'vitest';
import { ClientCall } from '../../../lib/grpc/built-in/client/client-call.js';
import { directions } from '../../fixtures/nest/pair.js';
import { collected } from '../../fixtures/connect/streams.js';
import { startTalk } from '../../fixtures/connect/talk.js';

afterEach(() => vi.restoreAllMocks());

describe.each(directions)('the memory of a connection, %s,', (direction) => {
  it('counts the messages of protobuf-es that a client of Connect has received', async () => {
    const { talk } = await startTalk(direction, {
      Ask: (_call, callback) => callback(null, { text: 'four' }),
      Listen: (call) => {
        call.write({ text: 'one' });
        call.end();
      },
    });
    const onDecoded = vi.spyOn(ClientCall.prototype, 'onDecoded');

    await talk.ask({});
    await collected(talk.listen({}));

    expect(onDecoded.mock.calls).toEqual([
      [expect.objectContaining({ $typeName: 'talk.Words', text: 'four' }), 6],
      [expect.objectContaining({ $typeName: 'talk.Words', text: 'one' }), 5],
    ]);
  });
});

import { status } from '@grpc/grpc-js';
import { MessageSource } from '../messages.js';
import type { Frame, FrameStream } from './tunnel-frames.js';

/** Serves the calls that come through a tunnel. */
export function serveTunnel(stream: FrameStream): void {
  const downloads = new Map<number, AbortController>();
  stream.on('data', ({ call, request, cancel }) => {
    if (cancel) {
      downloads.get(call)?.abort();
      downloads.delete(call);
    } else if (request?.method === 'Echo') {
      stream.write({ call, message: request.data });
      stream.write({ call, end: { code: status.OK, details: '' } });
    } else if (request?.method === 'Download') {
      const download = new AbortController();
      downloads.set(call, download);
      send(stream, call, new MessageSource(request.chunk), download.signal);
    } else {
      stream.write({ call, end: { code: status.UNIMPLEMENTED, details: 'no such method' } });
    }
  });
  stream.on('close', () => {
    for (const download of downloads.values()) download.abort();
  });
}

/** Goes on until it is told to stop; waits whenever the stream wants it to. */
function send(
  stream: FrameStream,
  call: Frame['call'],
  messages: MessageSource,
  signal: AbortSignal,
): void {
  while (!signal.aborted) {
    if (!stream.write({ call, message: messages.next() })) {
      stream.once('drain', () => send(stream, call, messages, signal));
      return;
    }
  }
}

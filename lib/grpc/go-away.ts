import type { Duplex } from 'node:stream';
import { encodeGoAway, ErrorCode, Http2Error } from '../http2/index.js';
import type { GoAway } from './grpc-engine.js';

// The GOAWAY frames that are sent outside of an HTTP/2 connection, in one place for both engines.

/** GOAWAY of a side that ends a connection gracefully. */
export const ENDING: GoAway = Object.freeze({ code: ErrorCode.NoError, message: '' });

/**
 * Refuses the client at the other end of `stream` before anything was served, and ends the stream. The
 * GOAWAY takes the place of SETTINGS: every HTTP/2 client takes that for a failed connection, and backs off.
 *
 * @param reason - told to the client, cut after 1024 bytes.
 */
export function refuseClient(stream: Duplex, reason: string): void {
  stream.on('error', () => {});
  stream.end(encodeGoAway(ErrorCode.InadequateSecurity, reason));
}

/** Empty SETTINGS of HTTP/2 (RFC 9113, 6.5). */
const EMPTY_SETTINGS = Buffer.from('000000040000000000', 'hex');

/**
 * Answers a client that does not speak HTTP/2 as servers of HTTP/2 do: with SETTINGS, by which a dialing side
 * of the backchannel recognizes them, and a GOAWAY.
 */
export function answerOtherProtocol(stream: Duplex): void {
  const goAway = encodeGoAway(ErrorCode.ProtocolError, 'the peer does not speak HTTP/2');
  stream.write(Buffer.concat([EMPTY_SETTINGS, goAway]));
}

/**
 * Tells the server at the other end of a client's `stream` that the connection ends gracefully. Without
 * this GOAWAY the server treats the connection as lost. Writers of HTTP/2 write whole frames, so another
 * one fits between.
 */
export function announceEnd(stream: Duplex): void {
  stream.write(encodeGoAway(ErrorCode.NoError, ''));
}

/** Whether HTTP/2 failed because the peer exceeded a limit. Such a peer could continue on another stream. */
export function isAbuse(error: Error): boolean {
  return error instanceof Http2Error && error.http2Code === ErrorCode.EnhanceYourCalm;
}

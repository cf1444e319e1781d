import { MAGIC } from '../attacks/frames.js';

const KiB = 1024;

/** How far somebody gets who has proved nothing, and then stays. */
export interface Stage {
  readonly what: string;
  readonly tls: boolean;
  readonly says: Buffer;
  /** Bytes that each connection may cost. */
  readonly bound: number;
}

/** The beginning of a handshake of TLS, as far as the header of its first message. */
const HALF_HELLO = Buffer.from('1603010200010001fc0303', 'hex');

const saying = (bytes: number): Buffer => Buffer.concat([MAGIC, Buffer.alloc(bytes)]);

/** In the order in which they come. */
export const STAGES: readonly Stage[] = [
  { what: 'accepted', tls: false, says: Buffer.alloc(0), bound: 16 * KiB },
  { what: 'accepted for TLS', tls: true, says: Buffer.alloc(0), bound: 32 * KiB },
  { what: 'within the TLS handshake', tls: true, says: HALF_HELLO, bound: 96 * KiB },
  { what: '10 bytes of the magic', tls: false, says: MAGIC.subarray(0, 10), bound: 16 * KiB },
  { what: 'waiting for authorizePeer', tls: false, says: saying(0), bound: 32 * KiB },
  { what: '… having sent 120 KiB', tls: false, says: saying(120 * KiB), bound: 256 * KiB },
  { what: '… having sent 1 MiB', tls: false, says: saying(1024 * KiB), bound: 256 * KiB },
];

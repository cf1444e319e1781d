/**
 * What the bench says to an end, one JSON object per line on its stdin, and what an end answers, one
 * per line on its stdout, in the same order. An end is one process: one side of one system. It says
 * `{ "ready": true }` first, `{ "error": "..." }` for an order that failed, and leaves when its stdin
 * closes. stderr is for humans. The ends in Go speak the same.
 */

/** Which side of the connection a process is. */
export type Role = 'listen' | 'dial';

/** Opens a port on loopback and serves. */
export interface Listen {
  do: 'listen';
}
export interface Listening {
  /** `host:port`. */
  address: string;
}

/** Opens connections until there are `peers`, each of its own, ready to be used. */
export interface Connect {
  do: 'connect';
  address: string;
  peers: number;
}
export interface Connected {
  peers: number;
}

/** Closes all of its connections. */
export interface Disconnect {
  do: 'disconnect';
}

/**
 * Makes unary calls for `ms` milliseconds, `concurrency` at any time on each of `peers` connections
 * (waits for that many first), and checks every reply byte by byte.
 */
export interface Unary {
  do: 'unary';
  /** Bytes of each request and of its reply. */
  size: number;
  concurrency: number;
  peers: number;
  ms: number;
}
export interface UnaryDone {
  calls: number;
  /** From the first call to the last reply. */
  ms: number;
  /** Microseconds that half of all calls took at most. */
  p50: number;
  p99: number;
}

/**
 * Receives one stream of messages for `ms` milliseconds, and two messages at least, then cancels it. Every message starts with
 * its number (unsigned, 32 bits, big endian, from 0); number, size and last byte are checked.
 */
export interface Stream {
  do: 'stream';
  /** Bytes of each message. */
  size: number;
  ms: number;
}
export interface StreamDone {
  messages: number;
  /** From the call to its cancellation. */
  ms: number;
}

/** Dials `count` times, one after the other, waits for the first reply each time and hangs up. */
export interface FirstReply {
  do: 'first-reply';
  address: string;
  count: number;
}
export interface FirstReplyDone {
  /** Milliseconds from the start of dialing to the first reply, of each. */
  ms: number[];
}

/**
 * Writes to `streams` streams of one session at once, `size` bytes at a time and heeding backpressure,
 * for `ms` milliseconds; ends them, and waits until the other end has said on each how many bytes it
 * received and that they were right.
 */
export interface Pump {
  do: 'pump';
  streams: number;
  size: number;
  ms: number;
}
export interface PumpDone {
  bytes: number;
  /** From the first write to the last confirmation. */
  ms: number;
}

/** What the process has used since it started. */
export interface Usage {
  do: 'usage';
}
export interface UsageReport {
  /** Microseconds of processor time, user and system. */
  cpu: number;
  /** Collections of the whole heap by V8; absent in Go. */
  markCompacts?: number;
}

/** Memory in use. */
export interface Memory {
  do: 'memory';
  /** Whether garbage is collected first. It changes how V8 collects from then on. */
  collect: boolean;
}
/** Bytes. */
export interface MemoryReport {
  resident: number;
  heap: number;
}

/** Counts allocated bytes from now on. */
export interface CountAllocations {
  do: 'count-allocations';
}
/** Stops counting. */
export interface CountedAllocations {
  do: 'counted-allocations';
}
export interface AllocationReport {
  bytes: number;
}

/** Records a profile of the processor from now on. */
export interface StartProfile {
  do: 'start-profile';
}
/** Stops, and leaves the profile in `file`. */
export interface StopProfile {
  do: 'stop-profile';
  file: string;
}

/** Every order with its answer. */
export interface Orders {
  listen: [Listen, Listening];
  connect: [Connect, Connected];
  disconnect: [Disconnect, object];
  unary: [Unary, UnaryDone];
  stream: [Stream, StreamDone];
  'first-reply': [FirstReply, FirstReplyDone];
  pump: [Pump, PumpDone];
  usage: [Usage, UsageReport];
  memory: [Memory, MemoryReport];
  'count-allocations': [CountAllocations, object];
  'counted-allocations': [CountedAllocations, AllocationReport];
  'start-profile': [StartProfile, object];
  'stop-profile': [StopProfile, object];
}

export type OrderName = keyof Orders;
export type Order = Orders[OrderName][0];

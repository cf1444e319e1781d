import { contender, type Contender } from './contender.js';
import type { RecordedBuild } from './recorded-build.js';

/** A workload whose CPU time is guarded. */
export interface CheckCase {
  /** That of our workload. */
  readonly name: string;
  readonly ours: Contender;
  /** The system that our CPU time is compared with; in JavaScript, as there may be no Go. */
  readonly rival: Contender;
  readonly liveHeapMiB: number;
  /** Of each system in a pass. */
  readonly rounds: number;
}

const ROUNDS = 7;
/** V8 marks 200 MiB for several rounds about once a second: they must stay a minority. */
const ROUNDS_OF_LARGE_MESSAGES = 15;

/**
 * Beside a small heap V8 is in one of two modes while streams come in, and a few more modules switch
 * it: these workloads have a stable ratio only beside a large one. Unary calls of 64 KiB have it
 * beside neither, and are left out.
 */
const LARGE_HEAP_MIB = 200;

/**
 * The rival of all who move many bytes. grpc-js has two modes of its own with large messages, and a
 * socket with small writes.
 */
const SOCKET = contender('socket', 'mux-64KiB-x1');

/** In the order of the run, where cases that can share processes stand side by side. */
export const CHECK_CASES: readonly CheckCase[] = [
  besideGrpcJs('unary-64B-c64', 0),
  besideGrpcJs('nest-unary-c64', 0),
  besideGrpcJs('stream-1KiB', LARGE_HEAP_MIB),
  besideSocket('ours-backchannel', 'stream-64KiB'),
  besideSocket('ours-backchannel', 'stream-1MiB', ROUNDS_OF_LARGE_MESSAGES),
  besideSocket('ours-yamux', 'mux-64KiB-x1'),
  besideSocket('ours-yamux', 'mux-1KiB-x16'),
];

/** The same case with another build of ours as its rival: their ratio is 1 on any machine. */
export function besideBuild(checked: CheckCase, build: RecordedBuild): CheckCase {
  return { ...checked, rival: { ...checked.ours, build } };
}

function besideGrpcJs(name: string, liveHeapMiB: number): CheckCase {
  const rival = contender('grpc-js-plain', name);
  return {
    name,
    ours: contender('ours-backchannel', name),
    rival,
    liveHeapMiB,
    rounds: ROUNDS,
  };
}

function besideSocket(system: string, name: string, rounds = ROUNDS): CheckCase {
  return {
    name,
    ours: contender(system, name),
    rival: SOCKET,
    liveHeapMiB: LARGE_HEAP_MIB,
    rounds,
  };
}

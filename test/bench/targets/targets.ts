import type { Bound, Judged, Target } from './target.js';

const KIB = 1024;

const GO = 'go-backchannel';
const OURS = 'ours-backchannel';
/** Peers that nobody has called yet. */
const UNCALLED = 'ours-uncalled';
const MUX = 'ours-yamux';
/** The application hands chunks back, so that their memory is freed. */
const BORROWED_MUX = 'ours-yamux-borrowed';

/** V8 collects its whole heap for external memory there, whatever its size. */
const NEW_NODES = [24, 26];
const OLD_NODES = [20, 22];

/** 1 Gbit/s, in MiB/s. */
const LINK: Judged = { kind: 'share', of: 'link', value: 1e9 / 8 / KIB ** 2 };

const VALUE: Judged = { kind: 'value' };
const SPREAD: Judged = { kind: 'spread' };

const BINDING = { binding: true };

const LARGE_STREAMS = ['stream-1MiB', 'stream-3MiB'];
const STREAMS = ['stream-64KiB', ...LARGE_STREAMS];
const PUMPS = ['mux-64KiB-x1', 'mux-64KiB-x16'];
/** Workloads of plain clients whose server is compared with the one of grpc-js. */
const PLAIN = [
  'unary-64B-c1',
  'unary-64B-c64',
  'unary-64B-c512',
  'peers-200-c1',
  'unary-64KiB-c16',
  'stream-1KiB',
  ...STREAMS,
];

/** What the package is to reach, on every supported Node, beside every live heap. */
export const TARGETS: readonly Target[] = [
  ...['unary-64B-c64', 'unary-64B-c512'].flatMap((name) => [
    target(name, 'rate', to(GO), atLeast(1.3), BINDING),
    target(name, 'cpu', to(GO), atMost(0.55), BINDING),
  ]),
  target('nest-unary-c64', 'rate', to('grpc-js-plain'), atLeast(10), BINDING),
  target('unary-64B-c1', 'p50', to(GO), atMost(0.85), BINDING),
  target('unary-64B-c1', 'p99', to(GO), atMost(1), BINDING),
  ...['stream-64KiB', 'unary-64KiB-c16'].flatMap((name) => [
    target(name, 'rate', to(GO), atLeast(1.3), { ...BINDING, nodes: OLD_NODES }),
    target(name, 'cpu', to(GO), atMost(0.7), { ...BINDING, nodes: OLD_NODES }),
    target(name, 'rate', to(GO), atLeast(1.1), { ...BINDING, nodes: NEW_NODES }),
    target(name, 'cpu', to(GO), atMost(0.8), { ...BINDING, nodes: NEW_NODES }),
  ]),
  ...LARGE_STREAMS.flatMap((name) => [
    target(name, 'rate', to(GO), atLeast(1.2), { nodes: OLD_NODES }),
    target(name, 'cpu', to(GO), atMost(0.8), { nodes: OLD_NODES }),
    target(name, 'rate', to(GO), atLeast(1), { ...BINDING, nodes: OLD_NODES }),
    target(name, 'rate', to(GO), { kind: 'reported' }, { nodes: NEW_NODES }),
    target(name, 'cpu', to(GO), { kind: 'reported' }, { nodes: NEW_NODES }),
  ]),
  target('stream-1KiB', 'rate', to(GO), atLeast(1.3)),
  ...PUMPS.flatMap((name) => [
    target(name, 'cpu', to('socket'), atMost(1.1), { ...BINDING, system: BORROWED_MUX }),
    target(name, 'rate', to('go-yamux'), atLeast(1), { ...BINDING, system: BORROWED_MUX }),
    target(name, 'mark-compacts', VALUE, below(2), { system: BORROWED_MUX }),
    target(name, 'cpu', to('socket'), { kind: 'reported' }, { system: MUX }),
    target(name, 'rate', to('go-yamux'), { kind: 'reported' }, { system: MUX }),
  ]),
  ...STREAMS.flatMap((name) => [
    target(name, 'mark-compacts', VALUE, below(2), { nodes: OLD_NODES }),
    target(name, 'mark-compacts', VALUE, { kind: 'reported' }, { nodes: NEW_NODES }),
  ]),
  ...[...STREAMS, 'stream-1KiB', 'unary-64B-c64', 'unary-64KiB-c16'].map((name) =>
    target(name, 'rate', SPREAD, atMost(1.5)),
  ),
  ...PUMPS.map((name) => target(name, 'rate', SPREAD, atMost(1.5), { system: BORROWED_MUX })),
  target('connect', 'time', to(GO), atMost(1)),
  target('idle-peer-memory', 'heap', VALUE, atMost(16 * KIB), { system: UNCALLED }),
  target('idle-peer-memory', 'heap', VALUE, { kind: 'reported' }),
  target('marginal-peer-memory', 'memory', to('grpc-js-plain'), atMost(1), { system: UNCALLED }),
  target('rtt-60ms-stream', 'rate', LINK, atLeast(0.97)),
  target('mux-rtt-60ms', 'rate', LINK, atLeast(0.97), { system: MUX }),
  ...PLAIN.map((name) =>
    target(name, 'called-cpu', to('grpc-js-plain'), atMost(0.7), { system: 'ours-plain' }),
  ),
];

function target(
  workload: string,
  metric: string,
  judged: Judged,
  bound: Bound,
  more: Partial<Pick<Target, 'system' | 'nodes' | 'binding'>> = {},
): Target {
  return { system: OURS, binding: false, ...more, workload, metric, judged, bound };
}

function to(divisor: string): Judged {
  return { kind: 'quotient', divisor };
}

function atLeast(value: number): Bound {
  return { kind: 'at least', value };
}

function atMost(value: number): Bound {
  return { kind: 'at most', value };
}

function below(value: number): Bound {
  return { kind: 'below', value };
}

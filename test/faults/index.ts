export { FaultProxy } from './fault-proxy.js';
export { cuts, FaultyConnection, type Cut, type Plan } from './faulty-connection.js';
export { ways, type Hindrance, type Way } from './hindrance.js';
export { AtOffset } from './hindrances/at-offset.js';
export { Bandwidth } from './hindrances/bandwidth.js';
export { Latency } from './hindrances/latency.js';
export { Segments } from './hindrances/segments.js';
export { SlowLink, type Slowness } from './slow-link.js';

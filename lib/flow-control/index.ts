export { ByteQueue } from './byte-queue.js';
export { FloodGuard } from './flood-guard.js';
export { LinkWatch, type LinkState, type SharedLink } from './link-watch.js';
export { ReceiveWindow, type WindowLimits } from './receive-window.js';
export { RoundTrip } from './round-trip.js';
export { borrowSlab, returnSlab, type Slab } from './slab-pool.js';
export { WindowBudget } from './window-budget.js';
export { WriteTurns, type TurnSource, type WriteTurnsHost } from './write-turns.js';
export { Fifo } from './fifo.js';

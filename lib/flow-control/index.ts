export { ReceiveWindow, type WindowLimits } from './receive-window.js';
export { RoundTrip } from './round-trip.js';
export { WindowBudget } from './window-budget.js';

import { ReadingTime } from '../../wire/index.js';

/** Messages of one call that are delivered between two looks at the clock. */
export const MESSAGES_PER_LOOK = 8;

/**
 * More than a connection reads in a turn: a fast stream, whose messages are all delivered, is never held up.
 */
const MOST_MS = 20;

/**
 * Limits the time in which received messages are delivered to user code within one turn of the event loop,
 * for all calls together: 64 KiB hold 13,000 empty messages of one call.
 */
export const deliveryTime = new ReadingTime(MOST_MS);

/**
 * What is attacked, and by whom: a listening side by a plain client or by a multiplexed dialing side, or a
 * dialing side (an agent) by the listening side that it has connected to.
 */
export const SITES = ['plain', 'multiplexed', 'agent'] as const;
export type Site = (typeof SITES)[number];

/** The stream of yamux that a program's HTTP/2 goes on to first: its own. */
export const FIRST_CARRIER: Record<Site, number> = { plain: 0, multiplexed: 1, agent: 2 };

/** Options of the applications, short enough for a search. Milliseconds. */
export const SHORT = {
  drainMs: 300,
  handshakeTimeoutMs: 500,
  deadlineMs: 200,
};

const LAST_WORDS_MS = 1000;

/** What is asked of a side while a slow peer is connected, and how long it may take (docs/limits.md). */
export const OPERATIONS = {
  hub: {
    'peer.close()': LAST_WORDS_MS,
    'registry.removeBackchannel()': SHORT.drainMs + LAST_WORDS_MS,
    'app.close()': SHORT.drainMs + 2 * LAST_WORDS_MS,
    'a call back with a deadline': SHORT.deadlineMs,
    'a connection that is not served yet': SHORT.handshakeTimeoutMs,
  },
  agent: {
    'app.close()': SHORT.drainMs + 2 * LAST_WORDS_MS,
    'client.connect(ms)': SHORT.deadlineMs,
    'a call with a deadline': SHORT.deadlineMs,
    'a stream with a deadline': SHORT.deadlineMs,
  },
} as const;

export type HubOperation = keyof (typeof OPERATIONS)['hub'];
export type AgentOperation = keyof (typeof OPERATIONS)['agent'];

/** Milliseconds that a busy machine may take on top. */
export const SLACK_MS = 1500;

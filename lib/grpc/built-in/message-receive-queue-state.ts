/**
 * State of a receive queue, and of its current message.
 *
 * - `open`: messages are read, and delivered as requested.
 * - `decompressing`: the current message is being decompressed.
 * - `over budget`: the decompressed message exceeds the budget of the decompressor for now.
 * - `reader behind`: the current message waits until the reader takes earlier ones.
 * - `finished`: all messages are delivered.
 * - `closed`: the rest is dropped, and no memory is held.
 */
export type MessageReceiveQueueState =
  'open' | 'decompressing' | 'over budget' | 'reader behind' | 'finished' | 'closed';

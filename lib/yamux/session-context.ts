import type { Duplex } from 'node:stream';
import {
  RoundTrip,
  WindowBudget,
  type WindowBudgetHost,
  type WindowLimits,
} from '../wire/index.js';
import { YamuxAbuseGuard } from './abuse-guard.js';
import { AcceptQueue } from './accept-queue.js';
import type { YamuxConfig } from './config.js';
import type { YamuxError } from './errors.js';
import { INITIAL_WINDOW, type GoAwayCode } from './frame.js';
import { YamuxFrameOutput, type YamuxFrameOutputEvents } from './frame-output.js';
import { OpenQueue, type OpenQueueHost } from './open-queue.js';
import { YamuxPings } from './pings.js';
import type { YamuxStream, YamuxStreamHost } from './stream.js';
import { YamuxStreamTable } from './stream-table.js';

/** Share of `maxSessionWindowSize` that growing windows leave to new streams. */
const RESERVE_FOR_NEW_STREAMS = 1 / 8;

/** Operations of a session for its parts. */
export interface YamuxSessionLifecycle {
  /** Ends the session because of `error`. With `goAwayCode`, sends the code to the peer in a GoAway. */
  fail(error: YamuxError, goAwayCode?: GoAwayCode): void;
  /** A view of the chunk of input that is being read escaped. */
  keepChunk(): void;
  /** Ends a closing session if no stream has unsent data. Called when a stream is closed on the wire. */
  closeIfFlushed(): void;
}

/** The parts of one session, shared by its frame receiver and its streams. */
export class YamuxSessionContext
  implements YamuxStreamHost, OpenQueueHost<YamuxStream>, WindowBudgetHost
{
  readonly config: Readonly<YamuxConfig>;
  readonly lifecycle: YamuxSessionLifecycle;
  readonly output: YamuxFrameOutput;
  readonly abuse: YamuxAbuseGuard;
  readonly pings: YamuxPings;
  readonly windows: WindowLimits;
  readonly received = { pieces: 0 };
  readonly streams: YamuxStreamTable;
  readonly opens: OpenQueue<YamuxStream>;
  readonly accepts: AcceptQueue;

  /** @param nextStreamId - id of the first stream that this side opens. */
  constructor(
    socket: Duplex,
    config: Readonly<YamuxConfig>,
    nextStreamId: number,
    session: YamuxSessionLifecycle & YamuxFrameOutputEvents,
  ) {
    this.config = config;
    this.lifecycle = session;
    this.output = new YamuxFrameOutput(socket, session);
    this.abuse = new YamuxAbuseGuard(config, session);
    this.pings = new YamuxPings(this.output, config.connectionWriteTimeoutMs);
    this.windows = {
      granted: INITIAL_WINDOW,
      initial: config.initialStreamWindowSize,
      max: config.maxStreamWindowSize,
      budget: new WindowBudget(config.maxSessionWindowSize, {
        reserve: RESERVE_FOR_NEW_STREAMS,
        host: this,
      }),
      roundTrip: new RoundTrip(this.pings),
    };
    this.streams = new YamuxStreamTable(this, nextStreamId);
    this.accepts = new AcceptQueue(config.acceptBacklog);
    this.opens = new OpenQueue(config.acceptBacklog, config.streamOpenTimeoutMs, this);
  }

  get hasRoom(): boolean {
    return this.streams.hasRoom;
  }

  openStream(): YamuxStream {
    return this.streams.open();
  }

  onOpenTimeout(error: YamuxError): void {
    this.lifecycle.fail(error);
  }

  onRoom(): void {
    this.opens.serve();
  }

  keepChunk(): void {
    this.lifecycle.keepChunk();
  }

  forget(stream: YamuxStream): void {
    if (!this.streams.delete(stream)) return;
    this.opens.release(stream.id);
    this.accepts.withdraw(stream);
    this.lifecycle.closeIfFlushed();
  }
}

import { EventEmitter } from 'node:events';
import { Duplex, Writable } from 'node:stream';
import { type Deadline, type Metadata, status } from '@grpc/grpc-js';
import { markAnswered } from '../../answered-calls.js';
import type { AuthContext } from '../../connection-info.js';
import type { ServerCallInterface, ServerStatus } from '../../grpc-types.js';
import { type Failure, toServerStatus } from './server-status.js';

const CALL = Symbol('call');
const PATH = Symbol('path');
const STATUS = Symbol('status');

// TypeScript requires `any` here: a mixin accepts the arguments of its base.
// oxlint-disable-next-line typescript/no-explicit-any
type EmitterClass = new (...args: any[]) => EventEmitter;

/** Members of a call other than messages: `ServerSurfaceCall` of grpc-js. */
function withSurface<T extends EmitterClass>(Emitter: T) {
  abstract class Surface extends Emitter {
    /** Whether the call has ended: cancelled or, as in grpc-js, finished. */
    cancelled = false;
    metadata!: Metadata;
    [CALL]!: ServerCallInterface;
    [PATH]!: string;

    getPeer(): string {
      return this[CALL].getPeer();
    }

    getPath(): string {
      return this[PATH];
    }

    getHost(): string {
      return this[CALL].getHost();
    }

    getDeadline(): Deadline {
      return this[CALL].getDeadline();
    }

    getAuthContext(): AuthContext {
      return this[CALL].getAuthContext();
    }

    getMetricsRecorder(): ReturnType<ServerCallInterface['getMetricsRecorder']> {
      return this[CALL].getMetricsRecorder();
    }

    sendMetadata(metadata: Metadata): void {
      this[CALL].sendMetadata(metadata);
    }
  }
  return Surface;
}

/** Call of a method with one request and one response. */
export class UnaryCall extends withSurface(EventEmitter) {
  constructor(
    call: ServerCallInterface,
    path: string,
    metadata: Metadata,
    readonly request: unknown,
  ) {
    super();
    this[CALL] = call;
    this[PATH] = path;
    this.metadata = metadata;
  }

  /** Ends the call when an error is emitted, as the stream calls do. */
  override emit(name: string | symbol, ...args: unknown[]): boolean {
    const isHandled = super.listenerCount(name) > 0 && super.emit(name, ...args);
    if (name === 'error') {
      markAnswered(this);
      this[CALL].sendStatus(toServerStatus(args[0] as Failure));
    }
    return isHandled || name === 'error';
  }
}

/** Call of a method with one request and a response stream. */
export class WritableCall extends withSurface(Writable) {
  [STATUS]: ServerStatus = { code: status.OK, details: 'OK' };

  constructor(
    call: ServerCallInterface,
    path: string,
    metadata: Metadata,
    readonly request: unknown,
  ) {
    super({ objectMode: true });
    this[CALL] = call;
    this[PATH] = path;
    this.metadata = metadata;
    failOnError(this);
  }

  override _write(message: unknown, _encoding: string, callback: () => void): void {
    this[CALL].sendMessage(message, callback);
  }

  override _final(callback: () => void): void {
    callback();
    this[CALL].sendStatus(this[STATUS]);
  }

  /** @param trailers - sent with the status, unless the status has its own metadata. */
  override end(trailers?: unknown): this {
    addTrailers(this[STATUS], trailers);
    return super.end();
  }
}

/** Call of a method with a request stream. */
export class DuplexCall extends withSurface(Duplex) {
  [STATUS]: ServerStatus = { code: status.OK, details: 'OK' };

  constructor(call: ServerCallInterface, path: string, metadata: Metadata) {
    // Messages in this stream are decoded. Only one waits here; the others wait as bytes in the receive
    // queue.
    super({ objectMode: true, readableHighWaterMark: 1 });
    this[CALL] = call;
    this[PATH] = path;
    this.metadata = metadata;
    failOnError(this);
  }

  override _read(): void {
    this[CALL].startRead();
  }

  override _write(message: unknown, _encoding: string, callback: () => void): void {
    this[CALL].sendMessage(message, callback);
  }

  override _final(callback: () => void): void {
    callback();
    this[CALL].sendStatus(this[STATUS]);
  }

  /** @param trailers - sent with the status, unless the status has its own metadata. */
  override end(trailers?: unknown): this {
    addTrailers(this[STATUS], trailers);
    return super.end();
  }
}

function failOnError(call: WritableCall | DuplexCall): void {
  call.on('error', (error: Error) => {
    call[STATUS] = toServerStatus(error);
    call.end();
  });
}

function addTrailers(serverStatus: ServerStatus, trailers: unknown): void {
  if (trailers) serverStatus.metadata ??= trailers as Metadata;
}

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

// TypeScript asks for `any` here: a mixin takes whatever its base takes.
// oxlint-disable-next-line typescript/no-explicit-any
type EmitterClass = new (...args: any[]) => EventEmitter;

/** What handlers get apart from messages: `ServerSurfaceCall` of grpc-js. */
function withSurface<T extends EmitterClass>(Emitter: T) {
  abstract class Surface extends Emitter {
    /** Whether the call is over: cancelled or, as for grpc-js, just ended. */
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

/** Of a method with one request and one response. */
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

  /** An error that is emitted ends the call, as on the streams. */
  override emit(name: string | symbol, ...args: unknown[]): boolean {
    const isHandled = super.listenerCount(name) > 0 && super.emit(name, ...args);
    if (name === 'error') {
      markAnswered(this);
      this[CALL].sendStatus(toServerStatus(args[0] as Failure));
    }
    return isHandled || name === 'error';
  }
}

/** Of a method with one request and many responses. */
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

  /** @param trailers - sent with the status, unless that has some of its own. */
  override end(trailers?: unknown): this {
    addTrailers(this[STATUS], trailers);
    return super.end();
  }
}

/** Of a method with many requests. */
export class DuplexCall extends withSurface(Duplex) {
  [STATUS]: ServerStatus = { code: status.OK, details: 'OK' };

  constructor(call: ServerCallInterface, path: string, metadata: Metadata) {
    // Messages that wait in the stream are decoded: one is enough, the others wait as bytes.
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

  /** @param trailers - sent with the status, unless that has some of its own. */
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

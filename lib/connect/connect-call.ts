import { appendHeaders, Code, ConnectError } from '@connectrpc/connect';
import { status, type Metadata } from '@grpc/grpc-js';
import type { CallStatus } from '../grpc/index.js';
import { addMetadata } from './headers.js';
import type { MethodCall } from './method-call.js';
import { ResponseMessages } from './response-messages.js';
import { toConnectError } from './status-error.js';

/**
 * A call of a channel in the terms of Connect: headers, async iterables, an abort signal and `ConnectError`.
 */
export class ConnectCall<Input, Output> {
  /** Resolves with the headers of the response; rejects if the call fails without headers. */
  readonly header: Promise<Headers>;
  /** Trailers of the response; empty until its end. */
  readonly trailer: Headers = new Headers();
  readonly messages: ResponseMessages<Output>;
  readonly #call: MethodCall;
  readonly #signal: AbortSignal;
  readonly #isStream: boolean;
  #hasMessage = false;
  readonly #onAbort = (): void => this.#fail(ConnectError.from(this.#signal.reason, Code.Canceled));
  #settleHeader!: { resolve(header: Headers): void; reject(error: ConnectError): void };
  readonly #header = new Headers();
  /** `cancelled`: this side has ended the call, and waits for its status. `ended`: the call has its status. */
  #state: 'open' | 'cancelled' | 'ended' = 'open';
  /** Resumes `send`. */
  #resume: (() => void) | undefined;

  /**
   * @param signal - ends the call; not aborted yet.
   * @param isStream - whether the response may have several messages. If not, the second message fails the
   * call with `unimplemented`.
   */
  constructor(call: MethodCall, signal: AbortSignal, isStream: boolean) {
    this.#call = call;
    this.#signal = signal;
    this.#isStream = isStream;
    this.header = new Promise((resolve, reject) => {
      this.#settleHeader = { resolve, reject };
    });
    this.header.catch(() => {}); // The messages end with the same error.
    this.messages = new ResponseMessages(
      () => call.startRead(),
      () => this.#fail(new ConnectError('the reader of the response has left', Code.Canceled)),
    );
  }

  start(metadata: Metadata): void {
    // Interceptors of grpc-js run in `start`, and one of them may abort the signal.
    this.#signal.addEventListener('abort', this.#onAbort, { once: true });
    this.#call.start(metadata, {
      onReceiveMetadata: (received) => this.#onHeader(received),
      onReceiveMessage: (message: Output) => this.#onMessage(message),
      onReceiveStatus: (received) => this.#onStatus(received),
    });
    this.messages.read();
  }

  /** Sends the only message of the request. */
  sendOnly(message: Input): void {
    this.#call.sendMessage(message);
    this.#call.halfClose();
  }

  /**
   * Sends the messages of the request, each when there is room for it. An error of `messages` fails the
   * call. Stops when the call has ended; never rejects.
   */
  async sendAll(messages: AsyncIterable<Input>): Promise<void> {
    try {
      for await (const message of messages) {
        if (this.#state !== 'open') return;
        await this.#send(message);
      }
      this.#call.halfClose();
    } catch (error) {
      this.#fail(ConnectError.from(error));
    }
  }

  /** Resolves when there is room for another message, or the call has ended. */
  #send(message: Input): Promise<void> {
    return new Promise((resolve) => {
      this.#resume = resolve;
      this.#call.sendMessageWithContext({ callback: () => resolve() }, message);
    });
  }

  /** Ends the call on this side, and its response at once: the status may arrive late. */
  #fail(error: ConnectError): void {
    if (this.#state !== 'open') return;
    this.#state = 'cancelled';
    this.#endResponse(error);
    // Codes of Connect are those of gRPC.
    this.#call.cancelWithStatus(error.code as number, error.rawMessage);
  }

  #onHeader(metadata: Metadata): void {
    addMetadata(this.#header, metadata);
    this.#settleHeader.resolve(this.#header);
  }

  #onMessage(message: Output): void {
    if (this.#hasMessage && !this.#isStream) {
      const why = 'the response has several messages, but the method has no response stream';
      this.#fail(new ConnectError(why, Code.Unimplemented));
    }
    this.#hasMessage = true;
    this.messages.push(message);
  }

  #onStatus(received: CallStatus): void {
    const isOpen = this.#state === 'open';
    this.#state = 'ended';
    addMetadata(this.trailer, received.metadata);
    if (isOpen) this.#endResponse(this.#errorOf(received));
  }

  #endResponse(error: ConnectError | undefined): void {
    this.#signal.removeEventListener('abort', this.#onAbort);
    if (error === undefined) this.#settleHeader.resolve(this.#header);
    else this.#settleHeader.reject(error);
    this.messages.finish(error);
    this.#resume?.();
  }

  #errorOf(received: CallStatus): ConnectError | undefined {
    if (received.code === status.OK) return undefined;
    return toConnectError(received, appendHeaders(this.#header, this.trailer));
  }
}

import { filter, firstValueFrom, ReplaySubject, throwError, timeout, type Observable } from 'rxjs';
import { NotConnectedError, type ServiceReference } from '../backchannel/index.js';
import { BackchannelClient, type BackchannelCarrier, type ConnectionState } from '../nest/index.js';
import { hasMethods, like, verifyOptions, type Rules } from '../options/index.js';
import { TEST_SERVICES_RULE, TestStubFactory, type TestServices } from './test-services.js';

const NOWHERE: BackchannelCarrier = {
  listen: (url) => ({ address: url, stop: () => {} }),
  dial: () => Promise.reject(new Error('a TestClient reaches nobody: only getService does')),
};

/** Options of a `TestClient`; all are optional. */
export interface TestClientOptions {
  /** Stubs of the services that the listening side serves. */
  services?: TestServices;
  /** The initial state. Default: ready. */
  connection?: ConnectionState;
}

const CONNECTION_STATES = ['idle', 'connecting', 'ready', 'failed', 'closed'];

const RULES: Rules<TestClientOptions> = {
  services: TEST_SERVICES_RULE,
  connection: like(
    `an object whose "state" is one of ${CONNECTION_STATES.join(', ')}`,
    (value) =>
      hasMethods(value, []) && CONNECTION_STATES.includes((value as { state?: string }).state!),
  ),
};

/**
 * A `BackchannelClient` without a network, whose connection state a test sets. Serves nothing. Use with
 * `overrideProvider(getBackchannelClientToken(name)).useValue(client)`.
 */
export class TestClient extends BackchannelClient {
  readonly #stubs: TestStubFactory;
  readonly #states = new ReplaySubject<ConnectionState>(1);
  #current: ConnectionState = { state: 'idle' };

  /** @throws OptionError naming a bad option. */
  constructor(options: TestClientOptions = {}) {
    const verified = verifyOptions('TestClient', RULES, options);
    const { services = {}, connection = { state: 'ready' } } = verified;
    super({ url: 'nowhere', package: '', packageDefinition: {}, lazy: true }, { carrier: NOWHERE });
    this.#stubs = new TestStubFactory(services, 'this TestClient');
    this.become(connection);
  }

  override get connection(): ConnectionState {
    return this.#current;
  }

  override get connection$(): Observable<ConnectionState> {
    return this.#states.asObservable();
  }

  /** Sets the connection state, as a network would. A closed client stays closed. */
  become(connection: ConnectionState): void {
    if (this.#current.state === 'closed') return;
    this.#current = connection;
    this.#states.next(connection);
    if (connection.state === 'closed') this.#states.complete();
  }

  /**
   * Resolves when the state is `ready`. Does not change the state; only `become` does.
   *
   * @param deadlineMs - maximum wait in milliseconds. Default 20000.
   * @throws NotConnectedError (as a rejection) after `deadlineMs`, or if the client is closed.
   */
  override async connect(deadlineMs = 20_000): Promise<void> {
    const { state } = await firstValueFrom(
      this.#states.pipe(
        filter((connection) => connection.state === 'ready' || connection.state === 'closed'),
        timeout({ first: deadlineMs, with: () => throwError(() => this.#tooLate(deadlineMs)) }),
      ),
    );
    if (state === 'closed') throw new NotConnectedError(this.url);
  }

  override getService<T extends object>(service: ServiceReference<T>): T {
    return this.#stubs.getService<T>(service);
  }

  override getClientByServiceName<T>(name: string): T {
    return this.#stubs.getClientByServiceName(name) as T;
  }

  override async close(): Promise<void> {
    this.become({ state: 'closed' });
    await super.close();
  }

  #tooLate(deadlineMs: number): NotConnectedError {
    const error = 'error' in this.#current ? this.#current.error : undefined;
    return new NotConnectedError(this.url, deadlineMs, error);
  }
}

import type { StubFactory } from '../backchannel/index.js';
import { hasMethods, isObject, like, type Rule } from '../options/index.js';

/** Stubs by the name of their service, mostly of `createTestStub`. */
export type TestServices = Readonly<Record<string, object>>;

export const TEST_SERVICES_RULE: Rule<TestServices> = like(
  'an object with a stub for each service',
  (value) => isObject(value) && Object.values(value as Record<string, unknown>).every(isStub),
);

/** Gives out the stubs of a test where a real peer or client would make them. */
export class TestStubFactory implements StubFactory {
  readonly #services: TestServices;
  readonly #owner: string;

  /** @param owner - whose services they are, for errors. */
  constructor(services: TestServices, owner: string) {
    this.#services = services;
    this.#owner = owner;
  }

  /** @throws Error if the test did not give it. */
  getService<T extends object>(name: string): T {
    if (Object.hasOwn(this.#services, name)) return this.#services[name] as T;
    const names = Object.keys(this.#services).join(', ') || 'none';
    throw new Error(
      `${this.#owner} has no service "${name}" (it has: ${names}); give it in "services"`,
    );
  }

  /** @throws Error always: there is no grpc-js behind the stubs of a test. */
  getClientByServiceName<T extends object>(name: string): T {
    throw new Error(
      `${this.#owner} has no grpc-js stub of "${name}", only what getService gives; for grpc-js stubs use createTestPair`,
    );
  }
}

/** Functions may have methods, too, such as those that a test makes to watch calls. */
function isStub(value: unknown): boolean {
  return typeof value === 'function' || hasMethods(value, []);
}

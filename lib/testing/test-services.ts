import { nameOfService, type ServiceReference, type StubFactory } from '../backchannel/index.js';
import { hasMethods, isObject, like, type Rule } from '../options/index.js';

/**
 * Stubs by the name of their service, with or without its package, usually made by `createTestStub`. A stub
 * is found by either name, and by a token: `{ Agent: stub }` and `{ [Agent.name]: stub }` both work.
 */
export type TestServices = Readonly<Record<string, object>>;

/** Rule of an option of stubs. */
export const TEST_SERVICES_RULE: Rule<TestServices> = like(
  'an object with a stub for each service',
  (value) => isObject(value) && Object.values(value as Record<string, unknown>).every(isStub),
);

/** Returns the stubs of a test in place of those of a real peer or client. */
export class TestStubFactory implements StubFactory {
  readonly #services: TestServices;
  readonly #owner: string;

  /** @param owner - the owner of the services, for error messages. */
  constructor(services: TestServices, owner: string) {
    this.#services = services;
    this.#owner = owner;
  }

  /** @throws Error if the test gave no stub of this service. */
  getService<T extends object>(service: ServiceReference<T>): T {
    const name = nameOfService(service, 'getService');
    const keys = Object.keys(this.#services);
    const key = keys.includes(name) ? name : keys.find((other) => isSameService(other, name));
    if (key !== undefined) return this.#services[key] as T;
    const names = keys.join(', ') || 'none';
    throw new Error(
      `${this.#owner} has no service "${name}" (it has: ${names}); give it in "services"`,
    );
  }

  /** @throws Error always: the stubs of a test are not grpc-js clients. */
  getClientByServiceName<T extends object>(name: string): T {
    throw new Error(
      `${this.#owner} has no grpc-js stub of "${name}", only what getService gives; for grpc-js stubs use createTestPair`,
    );
  }
}

/** Whether one name is the other one with its package. */
function isSameService(one: string, other: string): boolean {
  return one.endsWith(`.${other}`) || other.endsWith(`.${one}`);
}

/** A stub may be a function, because mock functions of tests may have methods. */
function isStub(value: unknown): boolean {
  return typeof value === 'function' || hasMethods(value, []);
}

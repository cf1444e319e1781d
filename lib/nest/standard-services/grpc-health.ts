import type { ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import type { ServiceHost } from '../grpc/service-host.js';
import type { GrpcHealthImplementation } from '../options/standard-services-options.js';
import { boundHealth } from './bounded-health.js';
import { importOptional } from './import-optional.js';

type Check = (
  call: { request: { service: string } },
  callback: (error: unknown, reply?: unknown) => void,
) => void;

/** The service `grpc.health.v1.Health` of a server; sets the status when the server starts and stops. */
export class GrpcHealth {
  readonly #given: GrpcHealthImplementation | undefined;
  #implementation: GrpcHealthImplementation | undefined;
  /** The server as a whole (`''`), and its services. */
  #names: string[] = [];
  /** Names that `stop` has set to NOT_SERVING. */
  readonly #stopped = new Set<string>();

  /** @param option - the option `health`, verified. */
  constructor(option: true | GrpcHealthImplementation) {
    this.#given = option === true ? undefined : option;
  }

  /**
   * Adds the service to a server before it starts. Sets SERVING for each name without a status, and for
   * each name that `stop` has set to NOT_SERVING.
   *
   * @throws Error if the option is true and `grpc-health-check` is not installed.
   */
  async addTo(server: ServiceHost, services: string[]): Promise<void> {
    const implementation = this.#given ?? (await createImplementation());
    this.#implementation = implementation;
    this.#names = ['', ...services];
    let check: Check | undefined;
    implementation.addToServer({
      addService: (service, handlers) => {
        check = checkOf(service, handlers);
        server.addService(service, boundHealth(service, handlers, implementation));
      },
    });
    for (const name of this.#names) {
      const isKnown = check !== undefined && (await hasStatus(check, name));
      if (!isKnown || this.#stopped.has(name)) implementation.setStatus(name, 'SERVING');
    }
    this.#stopped.clear();
  }

  /** Sets NOT_SERVING for the server and each of its services. Idempotent. */
  stop(): void {
    for (const name of this.#names) {
      if (this.#stopped.has(name)) continue;
      this.#stopped.add(name);
      this.#implementation?.setStatus(name, 'NOT_SERVING');
    }
  }
}

async function createImplementation(): Promise<GrpcHealthImplementation> {
  const { HealthImplementation } = await importOptional(
    'health',
    'grpc-health-check',
    () => import('grpc-health-check'),
  );
  return new HealthImplementation();
}

/** The handler of `Check`, under either of its names. */
function checkOf(
  service: ServiceDefinition,
  implementation: UntypedServiceImplementation,
): Check | undefined {
  const method = Object.entries(service).find(([, { path }]) => path.endsWith('/Check'));
  if (method === undefined) return undefined;
  const [name, { originalName = name }] = method;
  const handler = implementation[name] ?? implementation[originalName];
  return handler?.bind(implementation) as Check | undefined;
}

/** Calls `Check`, because there is no other way to read a status; an error means that there is none. */
function hasStatus(check: Check, service: string): Promise<boolean> {
  return new Promise((resolve) => check({ request: { service } }, (error) => resolve(!error)));
}

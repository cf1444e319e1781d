import type { ServiceDefinition } from '@grpc/grpc-js';
import type { PackageDefinition } from '@grpc/proto-loader';
import { serviceName, type ServiceHost } from '../grpc/service-host.js';
import { mendDescriptors } from './descriptors.js';
import { importOptional } from './import-optional.js';

/** The properties that @grpc/proto-loader adds to a method. */
interface LoadedMethod {
  requestType?: PackageDefinition[string];
}

/**
 * Adds server reflection (`grpc.reflection.v1` and `v1alpha`) to a server before it starts. Reflection
 * lists `services` and itself.
 *
 * @throws Error if `@grpc/reflection` is not installed, or the definition of a service has no
 * descriptors.
 */
export async function addReflection(
  server: ServiceHost,
  services: ServiceDefinition[],
): Promise<void> {
  const { ReflectionService } = await importOptional(
    'reflection',
    '@grpc/reflection',
    () => import('@grpc/reflection'),
  );
  const own: ServiceDefinition[] = [];
  new ReflectionService({}).addToServer({
    addService: (service) => void own.push(service as ServiceDefinition),
  });
  const all = [...services, ...own];
  const fileDescriptorProtos = mendDescriptors([...new Set(all.flatMap(filesOf))]);
  // `ReflectionService` reads only the descriptors, in any kind of definition.
  const root = { all: { fileDescriptorProtos } } as unknown as PackageDefinition;
  new ReflectionService(root, { services: all.map(serviceName) }).addToServer(server);
}

/** The descriptors of the file of a service and of its dependencies, which come with its types. */
function filesOf(service: ServiceDefinition): Buffer[] {
  const { requestType } = Object.values(service)[0] as LoadedMethod;
  const files = requestType?.fileDescriptorProtos;
  if (!Array.isArray(files)) {
    throw new Error(
      `the option "reflection" cannot tell of ${serviceName(service)}: its definition has no descriptors; load its proto file with @grpc/proto-loader`,
    );
  }
  return files;
}
